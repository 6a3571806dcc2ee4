"""What a GPU computes, where there is one: `pytest tests/gpu`."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.data.batching import Batch, TrainingBatches, sorted_batches
from bench.data.config import DataConfig
from bench.data.prepared import PreparedCorpus
from bench.evaluation.config import EvaluationConfig
from bench.evaluation.decoding import decode
from bench.evaluation.translator import Translator, save_translator
from bench.model import graphs
from bench.model.config import ModelConfig
from bench.model.graphs import SWITCH
from bench.model.seq2seq import Seq2Seq
from bench.training.agreement import require_agreement
from bench.training.config import LossKind, Precision, TrainingConfig
from bench.training.device import autocast, computing, in_precision
from bench.training.optimization import build_optimizer
from bench.training.trainer import batch_loss, train, update
from tests.conftest import TINY, build

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

CPU, GPU = torch.device("cpu"), torch.device("cuda")
QUIET = {
    f"{part}_dropout": 0.0 for part in ("embedding", "encoder", "bridge", "decoder", "output")
}  # a GPU draws other numbers
MODELS = {
    "gru": TINY,
    "cells": replace(TINY, cell_decoder=True, embedding_dim=10, tie_output_weights="lesson"),
    "lstm": replace(TINY, cell="lstm", bidirectional=True),
    "additive": replace(TINY, attention="additive", bidirectional=True),
    "dot": replace(TINY, attention="dot", cell="lstm", tie_output_weights="tied"),
    "scaled_dot": replace(TINY, attention="scaled_dot"),
    "unmasked": replace(TINY, attention="additive", mask_padding=False),
}
FORCING = [1.0, 0.5, 0.0]

each_model = pytest.mark.parametrize("config", MODELS.values(), ids=MODELS.keys())
each_forcing = pytest.mark.parametrize("forcing", FORCING)


@pytest.fixture(autouse=True)
def unrecorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is recorded unless a test says so."""
    monkeypatch.delenv(SWITCH, raising=False)


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[object]]:
    """Return what begins to record sequences, and lists them."""
    captured: list[object] = []
    capture = torch.cuda.make_graphed_callables

    def noted(*given: object, **named: object) -> object:
        recorded = capture(*given, **named)  # type: ignore[call-overload]
        captured.append(given)  # after which nothing has failed
        return recorded

    def begin() -> list[object]:
        monkeypatch.setenv(SWITCH, "on")
        monkeypatch.setattr(graphs, "ROUND", 2)  # of sentences so short: several shapes
        monkeypatch.setattr(torch.cuda, "make_graphed_callables", noted)
        return captured

    return begin


def training(forcing: float, precision: Precision = "float32") -> TrainingConfig:
    return TrainingConfig(
        batch_size=32,
        epochs=3,
        teacher_forcing=forcing,
        teacher_forcing_fall=0,
        precision=precision,
    )


def losses(
    prepared: PreparedCorpus, model: Seq2Seq, device: torch.device, config: TrainingConfig
) -> torch.Tensor:
    """Train, and return the loss of each epoch."""
    model = model.to(device)
    batches = TrainingBatches(prepared.load_split("train"), batch_size=config.batch_size, seed=5)
    with computing(device, config.precision):
        epochs = train(model, build_optimizer(model, config), batches, config, seed=5)
        return torch.tensor([epoch.loss for epoch in epochs])


def translations(
    model: Seq2Seq,
    batch: Batch,
    device: torch.device,
    config: EvaluationConfig,
    precision: Precision,
) -> list[list[int]]:
    """Translate a batch on a device."""
    moved = batch.to(device)
    with computing(device, precision), in_precision(model.to(device).eval(), precision) as ready:
        return decode(ready, moved.source, moved.source_lengths, config)


def test_the_gpu_is_accepted() -> None:
    """As it is before each process's first run."""
    require_agreement(GPU)


@each_model
@each_forcing
def test_losses_are_those_of_a_cpu(
    digits: PreparedCorpus, config: ModelConfig, forcing: float
) -> None:
    """In float32, but for rounding."""
    quiet = replace(config, **QUIET)

    found = losses(digits, build(digits, quiet), GPU, training(forcing))

    expected = losses(digits, build(digits, quiet), CPU, training(forcing))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@each_model
@each_forcing
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_recorded_sequences_are_what_they_were(
    digits: PreparedCorpus,
    record: Callable[[], list[object]],
    config: ModelConfig,
    forcing: float,
    precision: Precision,
) -> None:
    """Trained with CUDA graphs and without, losses are the same but for rounding."""
    quiet, how = replace(config, **QUIET), training(forcing, precision)
    expected = losses(digits, build(digits, quiet), GPU, how)
    recorded = record()

    found = losses(digits, build(digits, quiet), GPU, how)

    tolerance = 1e-3 if precision == "float32" else 2e-2
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    steps = config.attention != "none" or config.cell_decoder or forcing < 1
    assert bool(recorded) == steps


@each_model
@pytest.mark.parametrize("recording", [False, True])
def test_one_seed_trains_alike_twice(
    digits: PreparedCorpus,
    record: Callable[[], list[object]],
    config: ModelConfig,
    *,
    recording: bool,
) -> None:
    """Dropout and all."""
    if recording:
        record()

    once, again = (losses(digits, build(digits, config), GPU, training(0.5)) for _ in range(2))

    torch.testing.assert_close(once, again, rtol=1e-4, atol=1e-4)


@each_model
def test_a_run_that_goes_on_is_the_run_that_was_never_interrupted(
    digits: PreparedCorpus, record: Callable[[], list[object]], config: ModelConfig
) -> None:
    """Though what it recorded before it was interrupted is gone."""
    record()
    how, model = training(0.5), build(digits, config).to(GPU)
    batches = TrainingBatches(digits.load_split("train"), batch_size=how.batch_size, seed=5)
    optimizer = build_optimizer(model, how)
    with computing(GPU, how.precision):
        running = train(model, optimizer, batches, how, seed=5)
        next(running)
        twin = build(digits, config).to(GPU)
        twin.load_state_dict(model.state_dict())
        resumed = build_optimizer(twin, how)
        resumed.load_state_dict(deepcopy(optimizer.state_dict()))
        expected = [epoch.loss for epoch in running]

        found = [epoch.loss for epoch in train(twin, resumed, batches, how, seed=5, first_epoch=2)]

    assert found == pytest.approx(expected, rel=1e-3)


@each_model
def test_recurrent_stacks_are_not_computed_in_float16(
    digits: PreparedCorpus, config: ModelConfig
) -> None:
    """Which autocast would have made of bfloat16, and whose small gradients are zeros."""
    model = build(digits, config).to(GPU).train()
    batches = TrainingBatches(digits.load_split("train"), batch_size=32, seed=5)
    batch = next(iter(batches.epoch(1, GPU)))

    with autocast(GPU, "bfloat16"):
        encoded = model.encoder(batch.source, batch.source_lengths)
        features = model.features(batch)

    assert encoded.outputs.dtype == torch.float32
    assert features.dtype in {torch.float32, torch.bfloat16}


@each_model
@each_forcing
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("loss", ["real_tokens", "every_position"])
def test_a_step_waits_for_nothing(
    digits: PreparedCorpus,
    config: ModelConfig,
    forcing: float,
    precision: Precision,
    loss: LossKind,
) -> None:
    """The host reads no number of the GPU from a batch to the next."""
    how = replace(training(forcing, precision), loss=loss)
    model = build(digits, config).to(GPU).train()
    optimizer = build_optimizer(model, how)
    batches = TrainingBatches(digits.load_split("train"), batch_size=32, seed=5)
    for number, batch in enumerate(batches.epoch(1, GPU)):
        forced = None if forcing == 1 else [place % 3 < 3 * forcing for place in range(99)]
        torch.cuda.set_sync_debug_mode("error" if number else "default")  # at first all is loaded
        try:
            update(model, optimizer, batch_loss(model, batch, how, forced=forced), how)
        finally:
            torch.cuda.set_sync_debug_mode("default")


@each_model
@pytest.mark.parametrize("beam", [1, 3])
def test_translations_are_those_of_a_cpu(
    digits: PreparedCorpus, config: ModelConfig, beam: int
) -> None:
    """In float32 but for ties; in bfloat16 there are as many, and no longer than allowed."""
    model = build(digits, replace(config, **QUIET))
    losses(digits, model, CPU, training(1.0))
    (batch,) = sorted_batches(digits.load_split("validation"), batch_size=999)
    how = EvaluationConfig(beam_size=beam, max_length=9)
    expected = translations(model, batch, CPU, how, "float32")

    found = translations(model, batch, GPU, how, "float32")

    alike = sum(ours == theirs for ours, theirs in zip(found, expected, strict=True))
    assert alike >= 0.95 * len(expected)
    narrow = translations(model, batch, GPU, how, "bfloat16")
    assert len(narrow) == len(expected)
    assert all(len(tokens) <= 9 for tokens in narrow)


def test_a_saved_translator_translates_there_too(digits: PreparedCorpus, tmp_path: Path) -> None:
    """What it says on a CPU, and where it looked."""
    config = replace(MODELS["additive"], **QUIET)
    model = build(digits, config)
    losses(digits, model, CPU, training(1.0))
    save_translator(tmp_path, model, config, DataConfig(), prepared=digits)
    texts = [pair.source for pair in digits.load_split("test").pairs[:20]]
    here, there = (Translator.load(tmp_path, device=device) for device in (CPU, GPU))

    expected, found = (each.translate(texts, max_length=9) for each in (here, there))

    assert sum(a == b for a, b in zip(found, expected, strict=True)) >= 19
    looked = [torch.tensor(each.attend(texts[0], max_length=9).weights) for each in (here, there)]
    torch.testing.assert_close(*looked, rtol=1e-2, atol=1e-2)
