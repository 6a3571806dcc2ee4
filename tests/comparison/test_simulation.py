"""Whether verdicts keep their promise where the truth is known."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from bench.comparison.looks import all_looks, plan_looks, significance_per_look
from bench.comparison.simulation import (
    SEED_DEVIATIONS,
    World,
    calibrate,
    calibrate_looks,
    standard_worlds,
)


def test_one_run_against_one_finds_what_is_not_there_and_paired_seeds_do_not() -> None:
    """The same variant under two names, seed deviation 0.3 BLEU, five seeds."""
    world = World(num_seeds=5, seed_deviation=0.3, taste=0.0)

    found = calibrate(world, num_experiments=300)

    assert 0.01 <= found.false_positives <= 0.08  # where nothing is found, nothing is shown
    assert found.coverage >= 0.92
    assert found.single_run_false_positives > 0.1
    assert 0.7 < found.power < 0.9


@pytest.mark.slow
@pytest.mark.parametrize("world", list(standard_worlds()), ids=str)
def test_verdicts_err_as_rarely_as_they_say(world: World) -> None:
    """At most 7 % false positives and 93 % coverage; a power of about 0.8 where it is promised.

    It is 0.85 where three steady seeds are judged by the floor of their variance.
    """
    found = calibrate(world, num_experiments=600)

    assert found.false_positives <= 0.07
    assert found.coverage >= 0.93
    assert 0.73 <= found.power <= 0.92


@pytest.mark.slow
@pytest.mark.parametrize("taste", [0.0, 0.4])
@pytest.mark.parametrize("deviation", SEED_DEVIATIONS)
def test_looking_again_and_again_errs_no_more_often(taste: float, deviation: float) -> None:
    """Adding seeds from 3 to 30 until the answer is known."""
    world = World(num_seeds=30, seed_deviation=deviation, taste=taste)

    assert calibrate_looks(world, plan_looks(3, 30), num_experiments=600) <= 0.07


def test_looks_grow_by_more_than_half_and_end_at_the_last() -> None:
    """Few looks cost little."""
    assert plan_looks(3, 30) == (3, 5, 8, 13, 21, 30)
    assert plan_looks(5, 5) == (5,)
    assert plan_looks(3, 4) == (3, 4)
    assert all_looks([(3, 8), (), (3, 5)]) == (3, 5, 8)
    assert all_looks([()]) == ()
    assert all_looks([(3, 8)], num_seeds=5) == (3, 8)
    assert all_looks([(3, 8)], num_seeds=9) == (3, 8, 9)
    assert all_looks([], num_seeds=9) == ()


@pytest.mark.parametrize(
    ("looks", "errs"), [((5, 6), 0.060), ((3, 5), 0.068), ((3, 5, 8, 13, 21, 30), 0.101)]
)
def test_seeds_added_by_hand_err_more_often_than_planned_ones(
    looks: tuple[int, ...], errs: float
) -> None:
    """The first look was at 5 %, each later one allows for those before it."""
    num_series = 20_000
    series = np.random.default_rng(3).standard_normal((num_series, looks[-1]))
    found = np.zeros(num_series, dtype=bool)
    for number, seeds in enumerate(looks, 1):
        p_values = ttest_1samp(series[:, :seeds], 0.0, axis=1).pvalue
        found |= p_values < significance_per_look(looks[:number])

    assert found.mean() == pytest.approx(errs, abs=0.005)


def test_each_look_is_stricter_the_more_there_are() -> None:
    """One look at 5 %; several between their even share and all of it."""
    assert significance_per_look((3,)) == 0.05
    assert 0.05 / 2 <= significance_per_look((3, 30)) < 0.05
    assert 0.05 / 6 < significance_per_look((3, 5, 8, 13, 21, 30)) < 0.05 / 3
