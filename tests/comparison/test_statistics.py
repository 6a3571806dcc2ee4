"""Intervals and verdicts, checked against SciPy, published tables and by hand."""

import math
from statistics import fmean

import numpy as np
import pytest
from scipy import stats

from bench.comparison.statistics import Estimate, Interval, estimate, holm, judge, sign_test

DIFFERENCES = [0.31, 0.92, -0.15, 0.44, 0.58]
STEADY = np.tile(DIFFERENCES, (10, 1))
"""Draws of test sentences that change nothing."""


def of_seeds(deviation: float, num_seeds: int, *, mean: float = 0.4) -> Estimate:
    return Estimate(
        mean=mean,
        seed_variance=deviation**2,
        sentence_variance=0.0,
        num_seeds=num_seeds,
        num_groups=1_000,
    )


def test_where_sentences_make_no_difference_it_is_the_paired_t_test() -> None:
    """Interval and p-value are SciPy's."""
    found = estimate(DIFFERENCES, STEADY, num_groups=1_000)

    low, high = stats.t.interval(
        0.95, len(DIFFERENCES) - 1, loc=fmean(DIFFERENCES), scale=stats.sem(DIFFERENCES)
    )

    assert found.interval() == pytest.approx((fmean(DIFFERENCES), low, high))
    assert found.p_value() == pytest.approx(stats.ttest_1samp(DIFFERENCES, 0).pvalue)


def test_where_seeds_make_no_difference_it_is_the_bootstrap() -> None:
    """The interval of the draws' deviation."""
    draws = np.repeat(np.random.default_rng(1).normal(0.4, 0.2, size=(5_000, 1)), 3, axis=1)

    found = estimate([0.4, 0.4, 0.4], draws, num_groups=1_000)

    low, high = stats.norm.interval(0.95, loc=0.4, scale=draws.std())
    assert found.interval() == pytest.approx((0.4, low, high), abs=0.002)


def test_few_sentences_are_not_taken_for_many() -> None:
    """Of a mean over seven of them the interval is that of the t-test on these."""
    sentences = np.array([0.3, 1.1, -0.4, 0.9, 0.7, 0.2, 1.4])
    drawn = np.random.default_rng(1).integers(7, size=(200_000, 7))
    draws = np.repeat(sentences[drawn].mean(1)[:, None], 2, axis=1)

    found = estimate([sentences.mean()] * 2, draws, num_groups=7)

    low, high = stats.t.interval(0.95, 6, loc=sentences.mean(), scale=stats.sem(sentences))
    assert found.interval()[1:] == pytest.approx((low, high), rel=0.01)


def test_what_is_each_runs_own_is_counted_once() -> None:
    """Noise of single runs stands in the variance between seeds, not again in the sentences'."""
    draws = np.random.default_rng(1).normal(0.0, 0.5, size=(20_000, 4))  # nothing in common

    found = estimate([1.0, -1.0, 0.5, -0.5], draws, num_groups=1_000)

    assert found.sentence_variance < 0.01
    assert found.seed_variance == pytest.approx(np.var([1.0, -1.0, 0.5, -0.5], ddof=1))


def test_seeds_that_happen_to_agree_vary_as_much_as_their_sentences_make_them() -> None:
    """Noise of single runs, of variance 1, is not less for four runs that look alike."""
    draws = np.random.default_rng(1).normal(0.0, 1.0, size=(20_000, 4))

    found = estimate([0.1, 0.1, 0.2, 0.2], draws, num_groups=1_000)

    assert found.seed_variance == pytest.approx(1.0, rel=0.02)
    assert found.interval().high - found.mean == pytest.approx(stats.t.isf(0.025, 3) / 2, rel=0.02)


def test_one_seed_says_nothing() -> None:
    """Its interval is the whole line."""
    found = estimate([1.0], np.ones((10, 1)), num_groups=5)

    assert found.interval() == Interval(1.0, -math.inf, math.inf)
    assert (found.p_value(), found.detectable(), found.seeds_needed()) == (1.0, None, None)


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
    ("num_seeds", "deviation", "alone", "of_nine"),
    [
        (5, 0.3, 0.50, 0.92), (8, 0.3, 0.35, 0.53), (10, 0.3, 0.30, 0.44), (16, 0.3, 0.22, 0.31),
        (5, 0.5, 0.84, 1.53), (8, 0.5, 0.58, 0.89), (10, 0.5, 0.50, 0.73), (30, 0.5, 0.26, 0.35),
    ],
)  # fmt: skip
def test_the_detectable_difference_is_the_tables(
    num_seeds: int, deviation: float, alone: float, of_nine: float
) -> None:
    """Of a paired t-test with a power of 0.8, alone and as the first of nine, to two digits."""
    found = of_seeds(deviation, num_seeds)

    assert found.detectable() == pytest.approx(alone, abs=0.006)
    assert found.detectable(significance=0.05 / 9) == pytest.approx(of_nine, abs=0.006)


def test_seeds_needed_find_what_they_should() -> None:
    """The detectable difference at nine seeds needs nine; none suffice where sentences do not."""
    difference = of_seeds(0.4, 9).detectable()
    assert difference is not None

    assert of_seeds(0.4, 3, mean=difference).seeds_needed() == 9
    assert of_seeds(0.4, 3, mean=0.0).seeds_needed() is None
    assert of_seeds(0.4, 3, mean=1e-6).seeds_needed() is None
    few_sentences = Estimate(
        mean=0.4, seed_variance=0.1, sentence_variance=0.3, num_seeds=3, num_groups=50
    )
    assert few_sentences.seeds_needed() is None


def test_holm_by_hand() -> None:
    """Four comparisons at 5 %: 0.001 < 0.05/4 and 0.016 < 0.05/3 pass, 0.03 > 0.05/2 does not."""
    shares = holm([0.03, 0.001, 0.2, 0.016])

    assert shares == pytest.approx([0.05 / 2, 0.05 / 4, 0.05 / 2, 0.05 / 3])
    assert holm([]) == []
    assert holm([0.04]) == [0.05]


def test_the_sign_test_by_hand() -> None:
    """Five of five: twice one in 32. Without a difference nothing is shown."""
    assert sign_test(5, 5) == pytest.approx(2 / 32)
    assert sign_test(1, 4) == pytest.approx(2 * (1 + 4) / 16)
    assert sign_test(0, 0) == 1.0


def test_after_one_that_does_not_pass_none_does() -> None:
    """Though its own p would be small enough at the last rank's share."""
    shares = holm([0.03, 0.03, 0.04])

    assert shares == pytest.approx([0.05 / 3] * 3)


def test_two_seeds_are_few_and_come_to_an_end() -> None:
    """However strict the test, and though both gave the same."""
    few = Estimate(
        mean=1.0, seed_variance=0.25, sentence_variance=0.05, num_seeds=2, num_groups=1_000
    )
    equal = estimate([5.0, 5.0], np.full((10, 2), 5.0), num_groups=10)

    assert few.detectable(significance=0.009 / 4) == pytest.approx(128, abs=1)
    assert equal.p_value() < 1e-50
    assert equal.detectable() is None
