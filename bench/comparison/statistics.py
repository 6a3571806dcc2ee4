"""Intervals from paired seeds.

Each seed is a block: the same batches for every variant, so that differences are taken seed by
seed. With few seeds Student's t is wide, and honestly so. The interval speaks about training
again with other seeds; the uncertainty that comes from the choice of test sentences is not in it.
"""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Literal, NamedTuple

from scipy.stats import nct, t

Verdict = Literal["better", "worse", "equivalent", "undetermined"]
POWER = 0.8
MAX_SEEDS = 1_000


class Interval(NamedTuple):
    """An estimate and the range that covers the truth with a given confidence."""

    estimate: float
    low: float
    high: float


def mean_interval(values: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Estimate a mean by Student's t; of one value the interval is the whole line.

    Args:
        values: independent measurements, at least one.
        confidence: in (0, 1).
    """
    mean = fmean(values)
    if len(values) < 2:
        return Interval(mean, -math.inf, math.inf)
    reach = float(t.ppf((1 + confidence) / 2, len(values) - 1))
    half = reach * stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def corrected_confidence(num_comparisons: int, *, confidence: float = 0.95) -> float:
    """Return the confidence at which several intervals all cover with at least `confidence`.

    Bonferroni's rule: the permitted error is shared out evenly.
    """
    return 1 - (1 - confidence) / num_comparisons


def judge(difference: Interval, *, margin: float) -> Verdict:
    """Put a difference in words: the interval decides, not the estimate.

    Args:
        difference: variant minus baseline, higher being better, corrected.
        margin: differences within ± this are as good as none.
    """
    if difference.low > 0:
        return "better"
    if difference.high < 0:
        return "worse"
    if -margin < difference.low and difference.high < margin:
        return "equivalent"
    return "undetermined"


def detectable_difference(deviation: float, *, num_seeds: int, confidence: float) -> float:
    """Return the smallest true difference that a paired t-test finds with a power of 0.8.

    Args:
        deviation: of the paired differences.
        num_seeds: pairs, at least two.
        confidence: of the test, in (0, 1).
    """
    low, high = 0.0, 1.0
    while _power(high, num_seeds=num_seeds, confidence=confidence) < POWER:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        strong = _power(middle, num_seeds=num_seeds, confidence=confidence) >= POWER
        low, high = (low, middle) if strong else (middle, high)
    return high * deviation


def seeds_needed(difference: float, deviation: float, *, confidence: float) -> int | None:
    """Return how many seeds would find a true difference of this size with a power of 0.8.

    Returns:
        The number, or None beyond a thousand.
    """
    if difference == 0:
        return None
    effect = abs(difference) / deviation if deviation else math.inf
    for num_seeds in range(2, MAX_SEEDS + 1):
        if _power(effect, num_seeds=num_seeds, confidence=confidence) >= POWER:
            return num_seeds
    return None


def _power(effect: float, *, num_seeds: int, confidence: float) -> float:
    """Return the power of a two-sided paired t-test; `effect` in deviations of a difference."""
    freedom = num_seeds - 1
    critical = t.ppf((1 + confidence) / 2, freedom)
    shift = effect * math.sqrt(num_seeds)
    if math.isinf(shift):
        return 1.0
    power = nct.sf(critical, freedom, shift) + nct.cdf(-critical, freedom, shift)
    return 1.0 if math.isnan(power) else float(power)
