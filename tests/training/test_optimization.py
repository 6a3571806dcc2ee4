"""Schedules of learning rate and momentum, and the search for a rate."""

from dataclasses import replace

import pytest
import torch

from bench.data.batching import TrainingBatches
from bench.data.prepared import PreparedCorpus
from bench.errors import BenchError
from bench.training.config import TrainingConfig
from bench.training.optimization import build_optimizer, pace_at, set_pace
from bench.training.rate_finder import find_learning_rate
from tests.conftest import build

CONFIG = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.01, precision="float32")


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


def test_one_cycle_moves_rate_and_momentum_against_each_other() -> None:
    """Up and down over nine tenths of the steps, then out; beta the other way round."""
    paces = [pace_at("one_cycle", step=step, num_steps=1000) for step in range(1000)]
    factors = [pace.factor for pace in paces]
    betas = [pace.beta1 for pace in paces]

    assert factors[0] == pytest.approx(1 / 10)
    assert factors[450] == pytest.approx(1.0)
    assert factors[225] == pytest.approx(factors[675]) == pytest.approx(0.55)
    assert (betas[0], betas[450], betas[899]) == pytest.approx((0.95, 0.85, 0.95), abs=1e-3)
    assert factors[900:] == sorted(factors[900:], reverse=True)
    assert factors[-1] == pytest.approx(1 / 1000)
    assert set(betas[900:]) == {0.95}
    assert pace_at("one_cycle", step=9_999, num_steps=10_000).factor == 1 / 1000  # not a tenth


def test_a_cosine_falls_to_nothing() -> None:
    """Half of it in the middle."""
    factors = [pace_at("cosine", step=step, num_steps=100).factor for step in (0, 50, 100)]

    assert factors == pytest.approx([1.0, 0.5, 0.0])


def test_the_optimiser_follows_the_pace(digits: PreparedCorpus) -> None:
    """Adam's rate and first beta, in every group; the config's beta where a schedule has none."""
    model = build(digits)
    optimizer = build_optimizer(model, CONFIG)

    set_pace(optimizer, replace(CONFIG, schedule="one_cycle"), step=45, num_steps=100)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)
    assert optimizer.param_groups[0]["betas"] == pytest.approx((0.85, 0.99))

    set_pace(optimizer, replace(CONFIG, schedule="constant"), step=45, num_steps=100)
    assert optimizer.param_groups[0]["betas"] == (0.8, 0.99)


def test_the_rate_search_finds_where_the_loss_falls(digits: PreparedCorpus) -> None:
    """Between rates that do nothing and rates that explode; the same every time."""
    searches = [
        find_learning_rate(
            build(digits),
            TrainingBatches(digits.load_split("train"), batch_size=16, seed=1),
            CONFIG,
            seed=1,
            rates=(1e-6, 10.0),
            num_steps=80,
        )
        for _ in range(2)
    ]
    found = searches[0]

    assert found == searches[1]
    assert list(found.rates) == sorted(found.rates)
    assert len(found.rates) < 80, "it goes on though the loss has exploded"
    assert 1e-4 < found.steepest <= found.lowest < 10.0
    assert found.losses[found.rates.index(found.lowest)] == min(found.losses)


def test_a_model_without_a_finite_loss_has_no_rate(digits: PreparedCorpus) -> None:
    """It is told, rather than a rate made up."""
    model = build(digits)
    with torch.no_grad():
        model.output.linear.weight.fill_(torch.inf)

    with pytest.raises(BenchError, match="not finite at a learning rate of 1e-06 already"):
        find_learning_rate(
            model,
            TrainingBatches(digits.load_split("train"), batch_size=16, seed=1),
            CONFIG,
            seed=1,
            rates=(1e-6, 10.0),
            num_steps=3,
        )
