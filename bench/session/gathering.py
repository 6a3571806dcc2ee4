"""A report's figures, gathered from the record."""

import shlex
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.comparison.by_length import bleu_by_length
from bench.comparison.samples import DifferingSample, differing_samples
from bench.comparison.scorecard import keep_score
from bench.data.corpus import is_generated, shown_name
from bench.evaluation.translator import Translator
from bench.experiment.loading import DEFAULT_PROFILE
from bench.report.record import AttentionMap, Report
from bench.search.record import SearchRecord
from bench.session.answering import look_again, results_by_variant, test_pairs
from bench.session.session import Session
from bench.tracking.provenance import split_option
from bench.tracking.result import RunResult

NUM_ATTENTION_MAPS = 4
FACTS = (
    ("date", "date"),
    ("duration", "duration"),
    ("command", "command"),
    ("git.commit", "commit"),
    ("git.dirty", "with uncommitted changes"),
    ("host.cpu", "processor"),
    ("host.cores", "cores"),
    ("device", "computed on"),
    ("precision", "number format"),
    ("host.kernels", "passes between products"),
    ("python.version", "Python"),
    ("version.torch", "torch"),
    ("version.spacy", "spaCy"),
    ("version.sacrebleu", "sacreBLEU"),
    ("version.mlflow", "MLflow"),
    ("corpus.fingerprint", "prepared data"),
)


def gather(
    session: Session,
    results: Mapping[str, RunResult],
    *,
    search: SearchRecord | None = None,
) -> Report:
    """Gather everything that the pages are made from.

    Args:
        session: with the plan.
        results: by identity.
        search: what chose the variants' settings, if one did.
    """
    first = next(spec for spec in session.specs if spec.identity in results)
    ledgers = _ledgers(session)
    ledger = ledgers[first.variant]
    by_variant = results_by_variant(session, results)
    comparison, _ = look_again(session, results)
    lowercase, pairs = first.config.data.lowercase, test_pairs(session)  # the same for all
    samples: Sequence[DifferingSample] = ()
    if is_generated(first.config.data.corpus):
        samples = differing_samples(by_variant, pairs, lowercase=lowercase)
    corpus = str(ledger["corpus"])
    return Report(
        experiment=session.experiment.name,
        profile=first.profile,
        corpus=corpus,
        comparison=comparison,
        results={
            name: [_without_sentences(run) for run in runs] for name, runs in by_variant.items()
        },
        provenance=_facts(session.tracker.provenance(results)),
        ledger=ledger,
        other_ledgers={name: other for name, other in ledgers.items() if other != ledger},
        settings=_settings(session, results),
        adhoc=session.experiment.adhoc,
        command=_command(session, results, search),
        chosen_seeds=session.selection.seeds is not None and search is None,
        search=search,
        mlflow=session.tracker.compare_page(dict.fromkeys(spec.group for spec in session.specs)),
        scorecard=keep_score(session.experiment.expected, comparison),
        by_length=bleu_by_length(by_variant, pairs, lowercase=lowercase),
        samples=samples,
        attention=_attention_maps(session, results, samples),
    )


def _ledgers(session: Session) -> dict[str, dict[str, Any]]:
    """Return what was kept of the corpus, by variant."""
    return {
        spec.variant: dict(session.data[spec.data_fingerprint].ledger.items())
        for spec in session.specs
    }


def _settings(session: Session, results: Mapping[str, RunResult]) -> dict[str, str]:
    """Return each variant's settings, as its first recorded run had them."""
    settings: dict[str, str] = {}
    for spec in sorted(session.specs, key=lambda spec: spec.identity not in results):
        settings.setdefault(spec.variant, spec.to_toml())
    return settings


def _facts(tags: Mapping[str, Counter[str]]) -> dict[str, str]:
    """Say where runs come from; what is not the same for all, with the runs it is so for."""
    facts = {}
    for key, label in FACTS:
        values = {value: num for value, num in tags.get(key, Counter()).items() if value}
        if key == "command":
            values = _typed(values)
        if len(values) > 1:
            facts[label] = "; ".join(f"{value} ({num} runs)" for value, num in values.items())
        elif values:
            facts[label] = next(iter(values))
    return facts


def _typed(commands: Mapping[str, int]) -> dict[str, int]:
    """Leave folders out of commands."""
    typed = Counter[str]()
    for command, num in commands.items():
        typed[shlex.join(_without_folders(word) for word in shlex.split(command))] += num
    return typed


def _without_folders(word: str) -> str:
    """Leave out where somebody keeps their files: of a path only the last part."""
    option, value = split_option(word)
    if value.startswith("sqlite:///"):
        return f"{option}sqlite:///{Path(value).name}"
    if "://" in value:
        return word
    return f"{option}{shown_name(value)}"


def _without_sentences(run: RunResult) -> RunResult:
    return replace(run, hypotheses=(), sentence_losses=(), sentence_tokens=())


def _command(
    session: Session,
    results: Mapping[str, RunResult],
    search: SearchRecord | None,
) -> str:
    """Say how to make the runs and the report again."""
    selection = session.selection
    options = [Path(selection.experiment).name]
    if session.experiment.profile != DEFAULT_PROFILE:
        options += ["--profile", session.experiment.profile]
    if selection.corpus:
        options += ["--corpus", shown_name(selection.corpus)]
    for override in session.experiment.adhoc:
        options += ["--set", override]
    if search is not None:
        return _search_command(session, options, search)
    seeds = dict.fromkeys(spec.seed for spec in session.specs if spec.identity in results)
    chosen = ["--seeds", f"{','.join(map(str, seeds))}{',' if len(seeds) == 1 else ''}"]
    run = ["run", *options, *chosen]
    report = ["report", *options, *(chosen if selection.seeds else [])]
    return "\n".join(f"python -m bench {shlex.join(line)}" for line in (run, report))


def _search_command(session: Session, options: Sequence[str], search: SearchRecord) -> str:
    objectives = search.config.objectives
    chosen = ["--objectives", ",".join(objectives)] if len(objectives) > 1 else []
    asked = ["--trials", str(search.config.trials), "--seeds", str(len(session.experiment.seeds))]
    variants = ["--variants", ",".join(session.experiment.variants)]
    lines = (
        ["search", *options, *variants, *chosen, *asked],
        ["report", *options, "--search", *chosen],
    )
    return "\n".join(f"python -m bench {shlex.join(line)}" for line in lines)


def _attention_maps(
    session: Session, results: Mapping[str, RunResult], samples: Sequence[DifferingSample]
) -> list[AttentionMap]:
    """Look at some sentences through the best model of each variant that has attention."""
    attending = [
        name
        for name, variant in session.experiment.variants.items()
        if variant.config.model.attention != "none"
    ]
    maps = []
    for variant in attending if samples else ():
        found = [
            results[spec.identity]
            for spec in session.specs
            if spec.variant == variant and spec.identity in results
        ]
        finished = [run for run in found if run.outcome == "finished"]
        if not finished:
            continue
        best = max(finished, key=lambda run: run.validation_bleu)
        with tempfile.TemporaryDirectory() as folder:
            translator = Translator.load(
                session.tracker.download_translator(best.identity, Path(folder))
            )
        chosen = samples[: max(1, NUM_ATTENTION_MAPS // len(attending))]
        maps += [AttentionMap(variant, translator.attend(sample.source)) for sample in chosen]
    return maps
