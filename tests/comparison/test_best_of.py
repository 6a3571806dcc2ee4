"""What the best of n trials scores, for every n."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from bench.comparison.best_of import compare_best_of, expected_best, leads_from
from bench.comparison.statistics import Interval


def test_the_expected_best_is_the_mean_over_all_choices() -> None:
    """Against counting them out."""
    scores = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.0])

    found = expected_best(scores)

    for size in range(1, 7):
        every = [max(chosen) for chosen in combinations(scores, size)]
        assert found[size - 1] == pytest.approx(np.mean(every))


def test_the_lowest_loss_is_the_best() -> None:
    """Where lower is better the curve falls."""
    found = compare_best_of({"gru": [3.0, 1.0, 2.0, 4.0]}, higher_is_better=False)

    assert found.expected["gru"] == pytest.approx([2.5, 5 / 3, 1.25, 1.0])
    assert found.band["gru"][0].low < 2.5 < found.band["gru"][0].high


def test_the_bands_cover_what_they_say() -> None:
    """Of 150 searches of 24 trials each, the truth lies within the band in at least 85 of 100."""
    rng = np.random.default_rng(5)
    truth = [np.max(rng.normal(20, 3, (50_000, n)), axis=1).mean() for n in range(1, 7)]
    covered, equal = np.zeros(6), np.zeros(6)

    for _ in range(150):
        settings = rng.normal(20, 3, 24)
        same = settings + rng.normal(0, 0.5, (2, 24))
        one = compare_best_of({"a": list(settings)}, higher_is_better=True)
        two = compare_best_of({"a": list(same[0]), "b": list(same[1])}, higher_is_better=True)
        bands = zip(one.band["a"], truth, strict=True)
        covered += [found.low <= value <= found.high for found, value in bands]
        equal += [found.low <= 0 <= found.high for found in two.difference["b"]]

    assert covered.min() / 150 >= 0.85
    assert equal.min() / 150 >= 0.85


def test_who_leads_is_said_only_where_it_is_clear() -> None:
    """From the first n after which every interval is on one side of zero."""
    behind, open_, ahead = Interval(-2, -3, -1), Interval(1, -1, 3), Interval(2, 1, 3)

    assert leads_from([behind, open_, ahead, ahead]) == 3
    assert leads_from([ahead, ahead]) == 1
    assert leads_from([ahead, open_]) is None
    assert leads_from([]) is None


def test_trials_of_one_draw_are_resampled_together() -> None:
    """A variant that is one better in each is one better for sure; in another order it is not."""
    scores = [3.0, 1.0, 2.0, 4.0, 7.0, 5.0]
    better = [score + 1 for score in scores]

    paired = compare_best_of({"a": scores, "b": better}, higher_is_better=True)
    apart = compare_best_of({"a": scores, "b": sorted(better)}, higher_is_better=True)
    three = compare_best_of({"a": scores, "b": sorted(better), "c": scores}, higher_is_better=True)

    for found in paired.difference["b"]:
        assert found == pytest.approx((1, 1, 1))
    assert apart.difference["b"][0].low < 0
    assert three.difference["b"][0].low < apart.difference["b"][0].low


def test_the_band_of_one_trial_is_that_of_a_mean() -> None:
    """Student's t over the trials, but for the draws."""
    scores = [3.0, 1.0, 2.0, 4.0, 7.0, 5.0]

    found = compare_best_of({"a": scores}, higher_is_better=True).band["a"][0]

    expected = stats.t.interval(0.95, 5, np.mean(scores), stats.sem(scores))
    assert found[1:] == pytest.approx(expected, rel=0.05)
