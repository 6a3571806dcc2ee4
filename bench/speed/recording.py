"""What it costs to keep the record of a run, in a store of its own."""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.data.corpus import SplitName
from bench.data.prepared import PreparedCorpus
from bench.engine.execution import (
    ARTIFACTS,
    Fitted,
    Workplace,
    epoch_record,
    evaluate_split,
    run_result,
)
from bench.engine.scheduling import run_card, take_samples
from bench.evaluation.evaluate import Evaluation
from bench.evaluation.translator import save_translator
from bench.experiment.planning import RunSpec
from bench.model.seq2seq import Seq2Seq
from bench.tracking.mlflow_tracker import MlflowTracker
from bench.tracking.provenance import provenance
from bench.tracking.store import created_beside
from bench.training.trainer import EpochResult

SPLIT: SplitName = "validation"
"""Whose translations stand for those of the test split, which nobody but a run opens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trained:
    """A run as it is when it has ended, but that its model was hardly trained."""

    spec: RunSpec
    data: PreparedCorpus
    model: Seq2Seq
    evaluation: Evaluation
    folder: Path


def time_recording(
    spec: RunSpec, data: PreparedCorpus, model: Seq2Seq, *, num_runs: int
) -> list[float]:
    """Record seeds of a variant in a new SQLite store, which is thrown away.

    What is written is what a run writes: settings, the metrics of every epoch, scores,
    translations, and the model.

    Args:
        spec: of the variant.
        data: prepared.
        model: of the variant, trained for as long as you like.
        num_runs: how many seeds.

    Returns:
        seconds that each took; making the store is not counted.
    """
    with TemporaryDirectory() as folder:
        uri = f"sqlite:///{folder}/mlflow.db"
        with created_beside(uri):
            evaluation = evaluate_split(spec, data, model, data.load_split(SPLIT))
        tracker = MlflowTracker(uri, experiment=spec.experiment, question="")
        runs = [
            _Trained(
                spec=replace(spec, seed=seed),
                data=data,
                model=model,
                evaluation=evaluation,
                folder=Path(folder) / str(seed),
            )
            for seed in range(1, num_runs + 1)
        ]
        return [_record(run, tracker) for run in runs]


def _record(run: _Trained, tracker: MlflowTracker) -> float:
    """Do what is done for a run from its start to its end; return the seconds."""
    spec, data, evaluation = run.spec, run.data, run.evaluation
    epochs = tuple(
        epoch_record(EpochResult(epoch=epoch, loss=1.0, seconds=1.0, pairs=1), evaluation)
        for epoch in range(1, spec.config.training.num_epochs + 1)
    )
    fitted = Fitted(model=run.model, best_epoch=1, epochs=epochs, divergence="", clock="wall")
    place = Workplace(device=next(run.model.parameters()).device, folder=run.folder)
    result = run_result(spec, fitted, place, test=evaluation)
    artifacts = run.folder / ARTIFACTS
    save_translator(
        artifacts / "translator", run.model, spec.config.model, spec.config.data, prepared=data
    )
    tags = provenance()
    started = perf_counter()
    tracker.start(run_card(spec, data, tags))
    for epoch in epochs:
        tracker.log_epoch(spec.identity, epoch)
    samples = take_samples(data, SPLIT, result.hypotheses)
    tracker.finish(spec.identity, result, artifacts, samples)
    return perf_counter() - started
