"""From the space of an experiment file to Optuna's, and to a point of it by its number."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from scipy.stats.qmc import Sobol

from bench.experiment.search import Choices, Range, SamplerName
from bench.experiment.settings import Settings, takes_fractions
from bench.seeding import stream_seed

Space = Mapping[str, BaseDistribution]


def build_space(space: Mapping[str, Range | Choices]) -> dict[str, BaseDistribution]:
    """Turn ranges and choices into Optuna's distributions, by dotted name."""
    return {name: _distribution(name, dimension) for name, dimension in space.items()}


def describe(dimension: Range | Choices) -> str:
    """Say what a setting may be."""
    if isinstance(dimension, Choices):
        return ", ".join(map(str, dimension.choices))
    log = ", logarithmic" if dimension.log else ""
    step = f", by {dimension.step:g}" if dimension.step is not None else ""
    return f"{dimension.low:g} to {dimension.high:g}{log}{step}"


def count_points(space: Mapping[str, Range | Choices]) -> int | None:
    """Count the points of a space; None where a setting may be any number in a range."""
    total = 1
    for distribution in build_space(space).values():
        match distribution:
            case CategoricalDistribution(choices=choices):
                total *= len(choices)
            case IntDistribution(low=low, high=high, step=step):
                total *= (high - low) // step + 1
            case FloatDistribution(low=low, high=high, step=step) if step is not None:
                total *= int((high - low) / step + 1e-9) + 1
            case _:
                return None
    return total


def draw_point(sampler: SamplerName, space: Space, *, seed: int, number: int) -> Settings:
    """Return the settings of one draw: the same for the same number, whoever asks and when.

    Args:
        sampler: `random`, or `quasi_random` (scrambled Sobol points, which leave no gaps).
        space: what to draw from.
        seed: of the study.
        number: of the draw, from 0.
    """
    if sampler == "random":
        rng = np.random.default_rng(stream_seed(seed, "trial", number))
        unit = rng.random(len(space))
    else:
        # SciPy's seeds are smaller than our streams'.
        points = Sobol(len(space), scramble=True, rng=stream_seed(seed, "sobol") % 2**32)
        if number:  # SciPy cannot go forward by nothing
            points.fast_forward(number)
        unit = points.random(1)[0]
    return {
        name: _value(distribution, float(share))
        for (name, distribution), share in zip(space.items(), unit, strict=True)
    }


def _distribution(name: str, dimension: Range | Choices) -> BaseDistribution:
    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.choices)
    if takes_fractions(name):
        return FloatDistribution(
            dimension.low, dimension.high, log=dimension.log, step=dimension.step
        )
    step = 1 if dimension.step is None else int(dimension.step)
    return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log, step=step)


def _value(distribution: BaseDistribution, share: float) -> Any:
    """Return the value below which this share of the distribution lies, in [0, 1)."""
    match distribution:
        case CategoricalDistribution(choices=choices):
            return choices[int(share * len(choices))]
        case IntDistribution(low=low, high=high, log=False, step=step):
            return low + step * int(share * ((high - low) // step + 1))
        case IntDistribution(low=low, high=high):
            reach = math.log(high + 0.5) - math.log(low - 0.5)
            return min(high, max(low, round(math.exp(math.log(low - 0.5) + share * reach))))
        case FloatDistribution(low=low, high=high, log=True):
            return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        case FloatDistribution(low=low, high=high, step=None):
            return low + share * (high - low)
        case FloatDistribution(low=low, high=high, step=step):
            assert step is not None
            return low + step * int(share * (int((high - low) / step + 1e-9) + 1))
    raise AssertionError(distribution)
