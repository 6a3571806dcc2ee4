"""What a GPU computes, where there is one: `pytest tests/gpu`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle, islice

import pytest
import torch
from torch import Tensor

from bench.data.batching import Batch, TrainingBatches
from bench.data.prepared import PreparedCorpus
from bench.model.config import ModelConfig
from bench.model.graphs import SWITCH
from bench.model.seq2seq import Seq2Seq
from bench.training.config import TrainingConfig
from bench.training.optimization import build_optimizer, set_pace
from bench.training.trainer import batch_loss, update
from tests.conftest import TINY, build

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

CPU, GPU = torch.device("cpu"), torch.device("cuda")
QUIET = {
    f"{part}_dropout": 0.0 for part in ("embedding", "encoder", "bridge", "decoder", "output")
}  # a GPU draws other numbers
MODELS = {
    "gru": TINY,
    "lstm": replace(TINY, cell="lstm", bidirectional=True),
    "additive": replace(TINY, attention="additive", bidirectional=True),
    "dot": replace(TINY, attention="dot", cell="lstm", tie_output_weights="tied"),
}
FLOAT32 = TrainingConfig(precision="float32")
NUM_STEPS = 12


@pytest.fixture(autouse=True)
def whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let cuDNN compute in float32, which it shortens to TF32 otherwise."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def steps(
    model: Seq2Seq, prepared: PreparedCorpus, device: torch.device, config: TrainingConfig
) -> Iterator[tuple[Batch, Callable[[Sequence[bool] | None], Tensor]]]:
    """Yield batches, and what takes a training step with each and returns its loss."""
    model = model.to(device).train()
    optimizer = build_optimizer(model, config)
    drawn = TrainingBatches(prepared.load_split("train"), batch_size=32, seed=5).epoch(1)
    for number, batch in enumerate(islice(cycle(drawn), NUM_STEPS)):
        moved = batch.to(device)

        def take(
            forced: Sequence[bool] | None, *, moved: Batch = moved, number: int = number
        ) -> Tensor:
            loss = batch_loss(model, moved, config, forced=forced)
            set_pace(optimizer, config, step=number, num_steps=NUM_STEPS)
            update(model, optimizer, loss, config)
            return loss.detach()

        yield batch, take


def losses(
    prepared: PreparedCorpus,
    config: ModelConfig,
    device: torch.device,
    *,
    forced: bool = True,
    training: TrainingConfig = FLOAT32,
) -> Tensor:
    """Train a while, the reference fed everywhere or nowhere, and return the losses."""
    torch.manual_seed(8)
    found = [
        take(None if forced else [False] * batch.target.shape[1])
        for batch, take in steps(build(prepared, config), prepared, device, training)
    ]
    return torch.stack(found).cpu()


@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS.keys())
@pytest.mark.parametrize("forced", [True, False])
def test_losses_are_those_of_a_cpu(
    digits: PreparedCorpus, config: ModelConfig, *, forced: bool
) -> None:
    """In float32, but for rounding."""
    quiet = replace(config, **QUIET)

    found = losses(digits, quiet, GPU, forced=forced)

    expected = losses(digits, quiet, CPU, forced=forced)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS.keys())
@pytest.mark.parametrize("forced", [True, False])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_recorded_sequences_are_what_they_were(
    digits: PreparedCorpus,
    monkeypatch: pytest.MonkeyPatch,
    config: ModelConfig,
    *,
    forced: bool,
    precision: str,
) -> None:
    """Trained with CUDA graphs and without, losses are the same but for rounding."""
    quiet = replace(config, **QUIET)
    training = TrainingConfig(precision=precision)  # type: ignore[arg-type]
    expected = losses(digits, quiet, GPU, forced=forced, training=training)
    monkeypatch.setenv(SWITCH, "on")
    recorded = []
    record = torch.cuda.make_graphed_callables
    monkeypatch.setattr(
        torch.cuda,
        "make_graphed_callables",
        lambda *given, **named: recorded.append(given) or record(*given, **named),
    )

    found = losses(digits, quiet, GPU, forced=forced, training=training)

    tolerance = 1e-4 if precision == "float32" else 2e-2
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    assert bool(recorded) == (config.attention != "none" or not forced)


@pytest.mark.parametrize("graphs", ["off", "on"])
@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS.keys())
def test_one_seed_trains_alike_twice(
    digits: PreparedCorpus, monkeypatch: pytest.MonkeyPatch, config: ModelConfig, graphs: str
) -> None:
    """Dropout and all."""
    monkeypatch.setenv(SWITCH, graphs)

    once, again = (losses(digits, config, GPU) for _ in range(2))

    torch.testing.assert_close(once, again, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS.keys())
@pytest.mark.parametrize("forced", [True, False])
def test_a_step_waits_for_nothing(
    digits: PreparedCorpus, config: ModelConfig, *, forced: bool
) -> None:
    """The host reads no number of the GPU between a batch and the next."""
    for number, (batch, take) in enumerate(steps(build(digits, config), digits, GPU, FLOAT32)):
        torch.cuda.set_sync_debug_mode("error" if number else "default")  # at first, all is loaded
        try:
            take(None if forced else [False] * batch.target.shape[1])
        finally:
            torch.cuda.set_sync_debug_mode("default")
