"""The one trainer."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from bench.data.batching import Batch, TrainingBatches
from bench.data.prepared import PreparedCorpus
from bench.errors import ConfigError, DivergedError
from bench.training.checkpoint import load_last, save_last
from bench.training.config import TrainingConfig
from bench.training.device import choose_device, resolve_precision
from bench.training.loss import token_loss
from bench.training.optimization import build_optimizer, pace_at
from bench.training.trainer import EpochResult, train
from tests.conftest import build

CONFIG = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.01, precision="float32")


def losses(
    prepared: PreparedCorpus, config: TrainingConfig = CONFIG, *, seed: int = 1
) -> list[float]:
    return [result.loss for result in start(prepared, config, seed=seed)]


def start(
    prepared: PreparedCorpus, config: TrainingConfig = CONFIG, *, seed: int = 1
) -> Iterator[EpochResult]:
    model = build(prepared, seed=seed)
    batches = TrainingBatches(prepared.load_split("train"), batch_size=config.batch_size, seed=seed)
    return train(model, build_optimizer(model, config), batches, config, seed=seed)


def test_the_same_seed_gives_the_same_losses(digits: PreparedCorpus) -> None:
    """To the last digit; another seed gives others; and they fall."""
    first = losses(digits)

    assert first == losses(digits)
    assert first != losses(digits, seed=2)
    assert first[-1] < first[0]


@pytest.mark.parametrize("probability", [0.0, 0.5])
def test_a_decoder_that_feeds_itself_is_trained_alike(
    digits: PreparedCorpus, probability: float
) -> None:
    """Deterministic too, and another training than with the reference fed."""
    config = replace(CONFIG, epochs=1, teacher_forcing=probability)

    assert losses(digits, config) == losses(digits, config)
    assert losses(digits, config) != losses(digits, replace(config, teacher_forcing=1.0))


def test_what_happens_between_epochs_changes_nothing(digits: PreparedCorpus) -> None:
    """Whoever drives the loop may draw random numbers meanwhile."""
    disturbed = []
    for result in start(digits):
        disturbed.append(result.loss)
        torch.rand(1000)
        torch.manual_seed(result.epoch)

    assert disturbed == losses(digits)


def test_a_resumed_run_is_the_run_that_was_never_interrupted(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """One epoch, a checkpoint, a new process's worth of objects, and the rest: equal digits."""
    batches = TrainingBatches(digits.load_split("train"), batch_size=16, seed=1)
    model = build(digits)
    optimizer = build_optimizer(model, CONFIG)
    first = next(train(model, optimizer, batches, CONFIG, seed=1))
    save_last(tmp_path, model, optimizer, state={"epoch": first.epoch})
    again = build(digits, seed=7)
    again_optimizer = build_optimizer(again, CONFIG)

    state = load_last(tmp_path, again, again_optimizer)
    rest = train(again, again_optimizer, batches, CONFIG, seed=1, first_epoch=2)

    assert state == {"epoch": 1}
    assert [first.loss, *(result.loss for result in rest)] == losses(digits)


def test_the_loss_is_plain_cross_entropy_over_real_tokens(digits: PreparedCorpus) -> None:
    """Equal to torch's own over padded logits with padding ignored."""
    model = build(digits).eval()
    batch: Batch = next(TrainingBatches(digits.load_split("train"), batch_size=9, seed=1).epoch(1))
    mask = batch.target_mask

    logits = model(batch)
    ours = token_loss(logits, batch.target[mask])
    padded = torch.zeros(*mask.shape, logits.shape[-1])
    padded[mask] = logits
    plain = cross_entropy(padded.transpose(1, 2), batch.target, ignore_index=1)

    torch.testing.assert_close(ours, plain)


def test_training_stops_at_a_loss_that_is_not_finite(digits: PreparedCorpus) -> None:
    """At once, before the step that would spoil the weights, saying when."""
    model = build(digits)
    batches = TrainingBatches(digits.load_split("train"), batch_size=16, seed=1)
    with torch.no_grad():
        model.output.linear.bias[3] = torch.inf
    weights = model.encoder.embedding.weight.clone()

    with pytest.raises(DivergedError, match="the loss was not finite in epoch 1, at step 0"):
        next(train(model, build_optimizer(model, CONFIG), batches, CONFIG, seed=1))

    torch.testing.assert_close(model.encoder.embedding.weight, weights)


def test_the_lessons_schedule_is_a_slanted_triangle() -> None:
    """From a twentieth up to one over a tenth of the steps, then straight back."""
    paces = [pace_at("slanted_triangle", step=step, num_steps=1000) for step in range(1001)]
    factors = [pace.factor for pace in paces]

    assert factors[0] == pytest.approx(1 / 20)
    assert factors[100] == pytest.approx(1.0)
    assert factors[50] == pytest.approx((1 + 1 / 20) / 2)
    assert factors[550] == pytest.approx((1 + 1 / 20) / 2)
    assert factors[1000] == pytest.approx(1 / 20)
    assert pace_at("constant", step=3, num_steps=7).factor == 1.0


def test_an_unclipped_and_a_clipped_training_differ(digits: PreparedCorpus) -> None:
    """The largest gradient allowed has its effect, and `inf` allows all."""
    tight = replace(CONFIG, epochs=1, max_gradient_norm=0.01)

    assert losses(digits, tight) != losses(digits, replace(tight, max_gradient_norm=float("inf")))


def test_a_device_that_is_not_here_is_refused() -> None:
    """With what there is."""
    with pytest.raises(ConfigError, match="no 'cuda:99' here"):
        choose_device("cuda:99")
    with pytest.raises(ConfigError, match="unknown device 'gpu'"):
        choose_device("gpu")
    assert choose_device("cpu").type == "cpu"


def test_a_stated_precision_is_kept() -> None:
    """Only `auto` looks at the device."""
    device = torch.device("cpu")

    assert resolve_precision("bfloat16", device) == "bfloat16"
    assert resolve_precision("float32", device) == "float32"
    assert resolve_precision("auto", device) in {"float32", "bfloat16"}
