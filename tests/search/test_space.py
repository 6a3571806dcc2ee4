"""From a search space to points of it."""

import math
from collections import Counter

import numpy as np
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from scipy.stats import kstest

from bench.experiment.search import Choices, Range, SamplerName
from bench.search.space import build_space, count_points, describe, draw_point

SPACE = {
    "training.learning_rate": Range(low=1e-4, high=1e-2, log=True),
    "model.hidden_size": Range(low=32, high=128, step=32),
    "model.num_layers": Choices(choices=(1, 2, 3)),
    "model.dropout_scale": Range(low=0, high=1),
}


def test_a_setting_that_takes_fractions_is_searched_in_fractions() -> None:
    """Though its ends are written as whole numbers, or it takes a word too; a size is not."""
    space = build_space(SPACE | {"model.embedding_scale": Range(low=1, high=3)})

    assert isinstance(space["model.dropout_scale"], FloatDistribution)
    assert isinstance(space["model.embedding_scale"], FloatDistribution)
    assert isinstance(space["model.hidden_size"], IntDistribution)


@pytest.mark.parametrize("sampler", ["random", "quasi_random"])
def test_draws_fill_the_space_evenly(sampler: SamplerName) -> None:
    """Logarithms of rates are uniform, choices and steps equally likely."""
    draws = [
        draw_point(sampler, build_space(SPACE), seed=1, number=number) for number in range(512)
    ]

    rates = [math.log10(draw["training.learning_rate"]) for draw in draws]
    sizes = Counter(draw["model.hidden_size"] for draw in draws)
    layers = Counter(draw["model.num_layers"] for draw in draws)
    assert kstest(rates, "uniform", args=(-4, 2)).pvalue > 0.01
    assert sorted(sizes) == [32, 64, 96, 128]
    assert sorted(layers) == [1, 2, 3]
    assert min(sizes.values()) > 95
    assert min(layers.values()) > 135


def test_every_step_is_drawn() -> None:
    """The last one too, though 0.3 / 0.1 is less than 3, and both ends of sizes by factors."""
    space = build_space(
        {
            "model.dropout_scale": Range(low=0, high=0.3, step=0.1),
            "model.num_layers": Range(low=1, high=4, log=True),
        }
    )

    draws = [draw_point("random", space, seed=1, number=number) for number in range(1000)]

    scales = Counter(round(draw["model.dropout_scale"], 6) for draw in draws)
    layers = Counter(draw["model.num_layers"] for draw in draws)
    assert sorted(scales) == [0, 0.1, 0.2, 0.3]
    assert count_points(space) == 4 * 4
    assert min(scales.values()) > 200
    assert sorted(layers) == [1, 2, 3, 4]
    assert layers[4] > 90  # log 4.5 / 3.5 of log 4.5 / 0.5 are 114


def test_quasi_random_draws_leave_no_gaps() -> None:
    """The largest gap of 64 draws is far smaller than that of random ones."""
    space = build_space({"model.dropout_scale": Range(low=0, high=1)})
    gaps = {
        sampler: np.diff(
            sorted(
                draw_point(sampler, space, seed=1, number=number)["model.dropout_scale"]
                for number in range(64)
            )
        ).max()
        for sampler in ("random", "quasi_random")
    }

    assert gaps["quasi_random"] < 2 / 64 < gaps["random"]


@pytest.mark.parametrize("sampler", ["random", "quasi_random"])
def test_a_draw_depends_on_seed_and_number_alone(sampler: SamplerName) -> None:
    """Whoever asks, and when."""
    space = build_space(SPACE)

    seventh = draw_point(sampler, space, seed=1, number=7)

    assert draw_point(sampler, space, seed=1, number=7) == seventh
    assert draw_point(sampler, space, seed=1, number=8) != seventh
    assert draw_point(sampler, space, seed=2, number=7) != seventh


def test_the_points_of_a_space_are_counted() -> None:
    """Where they can be."""
    assert count_points(SPACE) is None
    few = {name: SPACE[name] for name in ("model.hidden_size", "model.num_layers")}
    assert count_points(few) == 12
    assert [describe(dimension) for dimension in few.values()] == ["32 to 128, by 32", "1, 2, 3"]
