"""A small report with every section."""

from dataclasses import replace
from pathlib import Path

from bench.comparison.by_length import LengthClass
from bench.comparison.comparing import compare
from bench.comparison.samples import DifferingSample
from bench.comparison.scorecard import keep_score
from bench.evaluation.translator import Attended
from bench.experiment.schema import Expectation
from bench.experiment.search import Choices, ObjectiveName, Range, SamplerName, SearchConfig
from bench.report.pages import write_report
from bench.report.record import AttentionMap, Report
from bench.search.record import Finalist, SearchRecord, StudyRecord, TrialRecord
from bench.tracking.result import EpochRecord, RunResult
from tests.comparison.examples import result, steady

SCORES = {"a": [20.0, 21.0, 22.0], "b": [25.1, 26.0, None], "c": [21.0, 20.5, 22.4]}
EXPECTED = Expectation(variant="b", low=0.4, high=0.8, source="Somebody 2017")


def with_curves(run: RunResult) -> RunResult:
    """Give a run three epochs."""
    epochs = [
        EpochRecord(
            epoch=epoch,
            metrics={
                "train/loss": 3.0 / epoch,
                "train/seconds": 4.0,
                "validation/loss": 3.5 / epoch,
                "validation/bleu": 6.0 * epoch,
            },
        )
        for epoch in (1, 2, 3)
    ]
    if run.outcome == "diverged":  # in its second epoch
        return replace(run, epochs=tuple(epochs[:1]), training_seconds=4.0, best_epoch=0)
    return replace(run, epochs=tuple(epochs), training_seconds=12.0, best_epoch=3)


def example() -> Report:
    """Make a report of three variants, one of which has a diverged run."""
    results = {
        name: [with_curves(result(name, seed, bleu)) for seed, bleu in enumerate(scores, start=1)]
        for name, scores in SCORES.items()
    }
    runs = [run for found in results.values() for run in found]
    comparison = compare("Does it?", results, steady(runs), baseline="a", margin=0.5)
    attended = Attended(["où", "?"], ["where", "?"], [[0.9, 0.1], [0.2, 0.8]])
    return Report(
        experiment="it",
        profile="quick",
        corpus="pairs",
        comparison=comparison,
        results={
            name: [
                replace(run, hypotheses=(), sentence_losses=(), sentence_tokens=()) for run in found
            ]
            for name, found in results.items()
        },
        provenance={"date": "2026-11-22", "commit": "abc"},
        ledger={"corpus": "pairs", "train_pairs": 1234},
        settings={"a": 'model.cell = "gru"\n'},
        adhoc=[],
        command="python -m bench run it",
        mlflow="http://127.0.0.1:5000/#/compare-runs?runs=[]",
        scorecard=keep_score([EXPECTED], comparison),
        by_length=[
            LengthClass("1–5", 20, {"a": 30.0, "b": 35.0, "c": 31.0}),
            LengthClass("over 20", 20, {"a": 10.0, "b": 20.0, "c": 9.0}),
        ],
        samples=[
            DifferingSample(
                "Où | est-il ?", "Where is <it>?", {"a": "what *is* it?", "b": "where?"}
            )
        ],
        attention=[AttentionMap("b", attended), AttentionMap("c", attended)],
    )


def write_example(folder: Path, *, search: SearchRecord | None = None) -> Path:
    """Write it into a folder."""
    write_report(folder, replace(example(), search=search))
    return folder


def example_search(
    *, objectives: tuple[ObjectiveName, ...] = ("bleu",), sampler: SamplerName = "random"
) -> SearchRecord:
    """Make a search of two variants, nine trials each; the second one is ahead everywhere."""
    space = {
        "training.learning_rate": Range(low=1e-3, high=1e-1, log=True),
        "model.num_layers": Choices(choices=(1, 2)),
        "model.dropout_scale": Range(low=0.0, high=1.0),
    }
    studies, finalists = {}, {}
    for variant, ahead in (("a", 0.0), ("b", 6.0)):
        trials = [
            TrialRecord(
                number=number,
                state="complete",
                settings={
                    "training.learning_rate": 1e-3 * 1.5**number,
                    "model.num_layers": 1 + number % 2,
                    "model.dropout_scale": number / 9,
                },
                values=(20.0 + ahead + number % 5, 10.0 + number)[: len(objectives)],
                seconds=60.0 + number + ahead,
            )
            for number in range(9)
        ]
        studies[variant] = StudyRecord(
            name=f"it/{variant}",
            objectives=objectives,
            trials=trials,
            front=(0, 4) if len(objectives) > 1 else (),
            importances=dict.fromkeys(space, 1 / 3),
        )
        finalists[variant] = [
            Finalist(trial=trials[4], fresh={2: 22.0 + ahead, 3: 23.0 + ahead}, seconds=90.0),
            Finalist(trial=trials[3], fresh={2: 22.5 + ahead, 3: 23.5 + ahead}, seconds=60.0),
        ]
    config = SearchConfig(space=space, sampler=sampler, trials=9, objectives=objectives)
    return SearchRecord(config=config, studies=studies, finalists=finalists)
