"""From a planned run to its result: the file to read first.

`fit` trains a run and never opens the test split; `execute` is `fit` and then the test split, with
the model that validation selected: translated once for the score, and once more the other way,
greedily or with a beam, for a figure that enters no comparison.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from bench.compiled.library import load_kernels
from bench.data.batching import TrainingBatches
from bench.data.prepared import EncodedSplit, PreparedCorpus
from bench.engine.memory import forget_peak, peak_bytes
from bench.errors import DivergedError
from bench.evaluation.evaluate import Evaluation, bleu_otherwise, evaluate
from bench.evaluation.metrics import higher_is_better
from bench.evaluation.translator import save_translator
from bench.experiment.planning import RunSpec
from bench.model.seq2seq import Seq2Seq, Vectors, count_parameters
from bench.processor import read_processor
from bench.tracking.result import EpochRecord, RunResult
from bench.training.checkpoint import load_best, load_last, save_best, save_last
from bench.training.clock import ClockName, clock_name
from bench.training.optimization import build_optimizer
from bench.training.trainer import EpochResult, train

ARTIFACTS = "artifacts"
"""Folder, within a run's own, of what the tracker takes over."""

Report = Callable[[EpochRecord], bool]
"""Is told of an epoch, and says whether to go on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workplace:
    """Where a run computes and keeps its files."""

    device: torch.device
    folder: Path
    """The run's own: checkpoints, and what is handed to the tracker at the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """A run after training: its best model lies in the workplace."""

    model: Seq2Seq
    best_epoch: int
    epochs: tuple[EpochRecord, ...]
    divergence: str
    clock: ClockName
    """That all epochs were timed by; `wall` where some were timed by another."""


def execute(spec: RunSpec, data: PreparedCorpus, place: Workplace, report: Report) -> RunResult:
    """Train a run, select its best epoch by validation, and score that on the test split."""
    fitted = fit(spec, data, place, report)
    if not fitted.best_epoch:
        return run_result(spec, fitted, place)
    load_best(place.folder, fitted.model)
    split = data.load_split("test")
    test = evaluate_split(spec, data, fitted.model, split)
    peak = peak_bytes(place.device)
    otherwise = bleu_otherwise(fitted.model, split, spec.config.evaluation, **_reading(spec, data))
    save_translator(
        place.folder / ARTIFACTS / "translator",
        fitted.model,
        spec.config.model,
        spec.config.data,
        prepared=data,
    )
    test = replace(test, scores={**test.scores, **otherwise})
    return run_result(spec, fitted, place, test=test, peak=peak)


def try_out(spec: RunSpec, data: PreparedCorpus, place: Workplace, report: Report) -> RunResult:
    """Train a run for its validation scores alone."""
    return run_result(spec, fit(spec, data, place, report), place)


def fit(spec: RunSpec, data: PreparedCorpus, place: Workplace, report: Report) -> Fitted:
    """Train a run, or go on where it was interrupted; report each epoch as it ends."""
    config = spec.config
    place.folder.mkdir(parents=True, exist_ok=True)
    forget_peak(place.device)
    model = build_model(spec, data).to(place.device)
    optimizer = build_optimizer(model, config.training)
    batches = TrainingBatches(
        data.load_split("train"), batch_size=config.training.batch_size, seed=spec.seed
    )
    validation = data.load_split("validation")
    epochs, best_epoch, clock = _restore(place, model, optimizer)
    divergence = ""
    try:
        for result in train(
            model,
            optimizer,
            batches,
            config.training,
            seed=spec.chance,
            first_epoch=len(epochs) + 1,
        ):
            evaluation = evaluate_split(spec, data, model, validation)
            if not math.isfinite(evaluation.scores["loss"]):  # of an epoch's last step none tells
                raise DivergedError(epoch=result.epoch, step=result.epoch * len(batches))
            epochs.append(epoch_record(result, evaluation))
            if _best(epochs, config.evaluation.select_on) == result.epoch:
                best_epoch = result.epoch
                save_best(place.folder, model)
            history = {
                "epochs": [asdict(epoch) for epoch in epochs],
                "best_epoch": best_epoch,
                "clock": clock,
            }
            save_last(place.folder, model, optimizer, state=history)
            if not report(epochs[-1]):
                break
    except DivergedError as error:
        divergence = str(error)
        best_epoch = 0
    return Fitted(
        model=model,
        best_epoch=best_epoch,
        epochs=tuple(epochs),
        divergence=divergence,
        clock=clock,
    )


def build_model(spec: RunSpec, data: PreparedCorpus) -> Seq2Seq:
    """Build a run's model as it is before the first step, on the CPU."""
    begin = spec.vectors
    return Seq2Seq(
        spec.config.model,
        source_tokens=len(data.source_vocabulary),
        target_tokens=len(data.target_vocabulary),
        seed=spec.chance,
        vectors=Vectors(begin.load("source"), begin.load("target")) if begin else None,
    )


def _restore(
    place: Workplace, model: Seq2Seq, optimizer: torch.optim.Optimizer
) -> tuple[list[EpochRecord], int, ClockName]:
    """Put a run back as it was: its epochs, the best of them, and the clock of all to come."""
    state, clock = load_last(place.folder, model, optimizer), clock_name(place.device)
    if state is None:
        return [], 0, clock
    if state.get("clock") != clock:  # begun elsewhere
        clock = "wall"
    return [EpochRecord(**epoch) for epoch in state["epochs"]], state["best_epoch"], clock


def evaluate_split(
    spec: RunSpec, data: PreparedCorpus, model: Seq2Seq, split: EncodedSplit
) -> Evaluation:
    """Translate and score a split as a run's configuration says."""
    return evaluate(model, split, spec.config.evaluation, **_reading(spec, data))


def _reading(spec: RunSpec, data: PreparedCorpus) -> dict[str, Any]:
    """Return what an evaluation must know beside model, split and how to decode."""
    return {
        "vocabulary": data.target_vocabulary,
        "data": spec.config.data,
        "precision": spec.config.training.precision,
    }


def epoch_record(result: EpochResult, validation: Evaluation) -> EpochRecord:
    """Gather an epoch's metrics."""
    metrics = {
        "train/loss": result.loss,
        "train/seconds": result.seconds,
        "train/pairs_per_second": result.pairs / result.seconds,
    }
    metrics |= {f"validation/{name}": value for name, value in validation.scores.items()}
    return EpochRecord(epoch=result.epoch, metrics=metrics)


def _best(epochs: list[EpochRecord], select_on: str) -> int:
    """Return the epoch with the best validation score, the earliest of equals."""
    sign = 1 if higher_is_better(select_on) else -1
    return max(epochs, key=lambda epoch: sign * epoch.metrics[f"validation/{select_on}"]).epoch


def run_result(
    spec: RunSpec,
    fitted: Fitted,
    place: Workplace,
    *,
    test: Evaluation | None = None,
    peak: int | None = None,
) -> RunResult:
    """Gather what a run leaves behind.

    Args:
        spec: of the run.
        fitted: what training gave.
        place: where.
        test: what the best model makes of the test split; None where there is none.
        peak: bytes of memory at most; None: the most until now.
    """
    seconds = sum(epoch.metrics["train/seconds"] for epoch in fitted.epochs)
    pairs = sum(
        epoch.metrics["train/seconds"] * epoch.metrics["train/pairs_per_second"]
        for epoch in fitted.epochs
    )
    return RunResult(
        identity=spec.identity,
        variant=spec.variant,
        seed=spec.seed,
        outcome="finished" if fitted.best_epoch else "diverged",
        detail=fitted.divergence,
        parameters=count_parameters(fitted.model),
        best_epoch=fitted.best_epoch,
        epochs=fitted.epochs,
        test=test.scores if test else {},
        signatures=test.signatures if test else {},
        hypotheses=tuple(test.hypotheses) if test else (),
        sentence_losses=tuple(test.sentence_losses) if test else (),
        sentence_tokens=tuple(test.sentence_tokens) if test else (),
        training_seconds=seconds,
        pairs_per_second=pairs / seconds if seconds else 0.0,
        peak_memory_bytes=peak_bytes(place.device) if peak is None else peak,
        device=_device_name(place.device),
        precision=spec.config.training.precision,
        clock=fitted.clock,
    )


def _device_name(device: torch.device) -> str:
    """Name what decides how long a run takes: runs of two such names have no seconds to compare."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    name = read_processor().name or "cpu"
    return name if load_kernels() else f"{name} without compiled passes"
