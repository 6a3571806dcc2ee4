"""Intervals and verdicts, checked against SciPy, simulation and published tables."""

import math
import random
from statistics import fmean

import pytest
from scipy import stats

from bench.comparison.statistics import (
    Interval,
    corrected_confidence,
    detectable_difference,
    judge,
    mean_interval,
    seeds_needed,
)

DIFFERENCES = [0.31, 0.92, -0.15, 0.44, 0.58]


def test_an_interval_is_scipys() -> None:
    """Student's t on the mean."""
    interval = mean_interval(DIFFERENCES)

    low, high = stats.t.interval(
        0.95, len(DIFFERENCES) - 1, loc=fmean(DIFFERENCES), scale=stats.sem(DIFFERENCES)
    )

    assert interval.estimate == pytest.approx(fmean(DIFFERENCES))
    assert (interval.low, interval.high) == pytest.approx((low, high))


def test_it_excludes_zero_exactly_when_the_paired_t_test_does() -> None:
    """The confidence at which it just touches zero is the test's p-value."""
    p = stats.ttest_1samp(DIFFERENCES, 0).pvalue

    assert mean_interval(DIFFERENCES, confidence=1 - p).low == pytest.approx(0, abs=1e-9)


def test_one_seed_says_nothing() -> None:
    """Its interval is the whole line."""
    assert mean_interval([1.0]) == Interval(1.0, -math.inf, math.inf)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.1, 2.0, "better"),
        (-2.0, -0.1, "worse"),
        (-0.4, 0.3, "equivalent"),
        (-0.4, 0.6, "undetermined"),
        (-math.inf, math.inf, "undetermined"),
    ],
)
def test_the_interval_decides_the_verdict(low: float, high: float, verdict: str) -> None:
    """Zero outside: better or worse; all within the margin: equivalent; else undetermined."""
    assert judge(Interval(0.0, low, high), margin=0.5) == verdict


@pytest.mark.parametrize(
    ("num_seeds", "deviation", "difference"),
    [(5, 0.3, 0.50), (5, 0.5, 0.84), (8, 0.3, 0.35), (10, 0.5, 0.50), (30, 0.5, 0.26)],
)  # fmt: skip
def test_the_detectable_difference_is_the_tables(
    num_seeds: int, deviation: float, difference: float
) -> None:
    """Of a paired t-test at 5 % with a power of 0.8, to two digits."""
    found = detectable_difference(deviation, num_seeds=num_seeds, confidence=0.95)

    assert found == pytest.approx(difference, abs=0.006)


def test_seeds_needed_find_what_they_should() -> None:
    """The detectable difference at n seeds needs n seeds; no difference needs no end of them."""
    difference = detectable_difference(0.4, num_seeds=9, confidence=0.95)

    assert seeds_needed(difference, 0.4, confidence=0.95) == 9
    assert seeds_needed(0.0, 0.4, confidence=0.95) is None
    assert seeds_needed(1e-6, 0.4, confidence=0.95) is None


@pytest.mark.parametrize("num_seeds", [3, 5, 10])
def test_corrected_intervals_keep_their_promise(num_seeds: int) -> None:
    """With no true difference, two comparisons call one in at most 7 % of simulated experiments."""
    rng = random.Random(num_seeds)
    confidence = corrected_confidence(2)
    trials = 2_000

    alarms = 0
    for _ in range(trials):
        baseline = [rng.gauss(0, 0.3) for _ in range(num_seeds)]
        verdicts = [
            judge(
                mean_interval([rng.gauss(0, 0.3) - b for b in baseline], confidence=confidence),
                margin=0.5,
            )
            for _ in range(2)
        ]
        alarms += bool({"better", "worse"} & set(verdicts))

    assert alarms / trials <= 0.07
