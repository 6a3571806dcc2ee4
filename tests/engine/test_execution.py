"""From a planned run to its result."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.data.batching import TrainingBatches
from bench.data.config import DataConfig
from bench.data.prepared import PreparedCorpus
from bench.engine import execution
from bench.engine.execution import (
    Fitted,
    Workplace,
    build_model,
    evaluate_split,
    execute,
    fit,
    run_result,
)
from bench.evaluation.config import EvaluationConfig
from bench.evaluation.evaluate import Evaluation
from bench.experiment.planning import RunSpec
from bench.experiment.schema import RunConfig
from bench.processor import read_processor
from bench.tracking.result import EpochRecord
from bench.training.checkpoint import load_best
from bench.training.config import TrainingConfig
from tests.conftest import TINY, build

CPU = torch.device("cpu")
SPEC = RunSpec(
    experiment="it",
    profile="quick",
    variant="gru",
    seed=1,
    config=RunConfig(
        data=DataConfig(corpus="digit_reversal"),
        model=TINY,
        training=TrainingConfig(
            epochs=4, batch_size=32, learning_rate=0.01, schedule="constant", precision="float32"
        ),
        evaluation=EvaluationConfig(max_length=8, select_on="loss"),
    ),
    data_fingerprint="digits",
    adhoc=(),
)


def with_losses(losses: Sequence[float]) -> Callable[..., Evaluation]:
    """Evaluate truly, but for the first losses, which are told."""
    told = iter(losses)

    def evaluated(*given: Any) -> Evaluation:
        found = evaluate_split(*given)
        return replace(found, scores={**found.scores, "loss": next(told, found.scores["loss"])})

    return evaluated


def test_the_test_split_is_translated_by_the_model_of_the_best_epoch(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the score asked for, over all epochs; not by the last, nor by one that rose again."""
    monkeypatch.setattr(execution, "evaluate_split", with_losses([3.0, 1.0, 2.0, 1.5]))
    place = Workplace(device=CPU, folder=tmp_path / "run")

    result = execute(SPEC, digits, place, lambda _: True)

    best = build_model(SPEC, digits)
    load_best(place.folder, best)
    again = evaluate_split(SPEC, digits, best, digits.load_split("test"))
    assert result.best_epoch == 2
    assert result.test["loss"] == again.scores["loss"]
    assert list(result.hypotheses) == list(again.hypotheses)


def test_an_interrupted_run_remembers_which_epoch_was_best(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two epochs are worse than the first, one before the interruption and one after it."""
    monkeypatch.setattr(execution, "evaluate_split", with_losses([1.0, 3.0, 2.0, 2.5]))
    place = Workplace(device=CPU, folder=tmp_path / "run")

    fit(SPEC, digits, place, lambda epoch: epoch.epoch < 2)
    fitted = fit(SPEC, digits, place, lambda _: True)

    assert len(fitted.epochs) == 4
    assert fitted.best_epoch == 1


def test_a_run_of_two_clocks_is_timed_by_neither_alone(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread before the interruption, a GPU or several threads after it."""
    clocks = {}
    for name, second in (("same", "processor"), ("other", "wall")):
        place = Workplace(device=CPU, folder=tmp_path / name)
        monkeypatch.setattr(execution, "clock_name", lambda _: "processor")
        assert fit(SPEC, digits, place, lambda epoch: epoch.epoch < 2).clock == "processor"
        monkeypatch.setattr(execution, "clock_name", lambda _, second=second: second)
        clocks[name] = fit(SPEC, digits, place, lambda epoch: epoch.epoch < 3).clock
        monkeypatch.setattr(execution, "clock_name", lambda _: "processor")
        clocks[f"{name}, then"] = fit(SPEC, digits, place, lambda _: True).clock

    assert clocks == {
        "same": "processor",
        "same, then": "processor",
        "other": "wall",
        "other, then": "wall",
    }


def test_a_replica_reads_the_batches_of_its_seed(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, with another model; another seed reads others."""
    seeds: list[int] = []

    class Noted(TrainingBatches):
        def __init__(self, *given: Any, seed: int, **rest: Any) -> None:
            seeds.append(seed)
            super().__init__(*given, seed=seed, **rest)

    monkeypatch.setattr(execution, "TrainingBatches", Noted)
    short = replace(SPEC.config, training=replace(SPEC.config.training, epochs=1))
    spec = replace(SPEC, config=short)
    others = [replace(spec, replica=1), replace(spec, seed=2)]
    for number, each in enumerate([spec, *others]):
        place = Workplace(device=CPU, folder=tmp_path / str(number))
        fit(each, digits, place, lambda _: True)

    assert seeds == [1, 1, 2]
    assert others[0].chance != spec.chance


def test_what_a_run_cost_is_that_of_all_its_epochs(digits: PreparedCorpus, tmp_path: Path) -> None:
    """Seconds add up, and a slow epoch counts by how long it took."""
    epochs = tuple(
        EpochRecord(
            epoch=number, metrics={"train/seconds": seconds, "train/pairs_per_second": speed}
        )
        for number, seconds, speed in [(1, 10.0, 5.0), (2, 30.0, 9.0)]
    )
    fitted = Fitted(
        model=build(digits), best_epoch=1, epochs=epochs, divergence="", clock="processor"
    )

    result = run_result(SPEC, fitted, Workplace(device=CPU, folder=tmp_path))

    assert result.training_seconds == 40.0
    assert result.pairs_per_second == pytest.approx(8.0)
    assert result.clock == "processor"


def test_a_run_says_on_which_processor_and_how_it_was_computed(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds of another processor, or without compiled passes, are not to be compared."""
    epoch = EpochRecord(epoch=1, metrics={"train/seconds": 1.0, "train/pairs_per_second": 1.0})
    fitted = Fitted(
        model=build(digits), best_epoch=1, epochs=(epoch,), divergence="", clock="processor"
    )
    place, name = Workplace(device=CPU, folder=tmp_path), read_processor().name

    for kernels, device in ((object(), name), (None, f"{name} without compiled passes")):
        monkeypatch.setattr(execution, "load_kernels", lambda kernels=kernels: kernels)
        assert run_result(SPEC, fitted, place).device == device
