"""Adding seeds until the answer is known, without finding what is not there.

Who looks again and again and stops when he likes what he sees is wrong more often than he says. So
the looks are planned beforehand, and every one is judged at the same smaller significance, chosen
such that all together err as rarely as one look would: Pocock's rule (1977,
https://doi.org/10.1093/biomet/64.2.191), here for t-tests on any numbers of seeds.

A first look that was to be the only one had all of the permitted error. If more follow all the
same, each of them at what it would have had in such a plan, more err than 5 of 100: 6 where one
seed is added to five, 11 where they are added one by one from three to thirty.
"""

import math
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from scipy.stats import t

from bench.comparison.statistics import SIGNIFICANCE

GROWTH = 1.6
SERIES = 200_000


def plan_looks(first: int, last: int) -> tuple[int, ...]:
    """Plan at how many seeds to look: each time more than half as many again, up to the last.

    Args:
        first: seeds at the first look, at least 2.
        last: seeds at the last look, at least as many.
    """
    looks = [first]
    while looks[-1] * GROWTH < last / 1.2:
        looks.append(round(looks[-1] * GROWTH))
    return tuple(looks) if looks[-1] == last else (*looks, last)


@cache
def significance_per_look(looks: tuple[int, ...]) -> float:
    """Return the significance of each look with which all together err in one of twenty.

    It is the level that the smallest p-value of all looks falls short of so often where there is no
    difference, in simulated series of seeds. Where the choice of sentences matters beside the
    seeds the looks are more alike, and err less often.

    Args:
        looks: numbers of seeds, rising, the first at least 2.
    """
    if len(looks) == 1:
        return SIGNIFICANCE
    series = np.random.default_rng(1).standard_normal((SERIES, looks[-1]))
    smallest = np.ones(SERIES)
    for num_seeds in looks:
        seen = series[:, :num_seeds]
        error = seen.std(1, ddof=1) / np.sqrt(num_seeds)
        smallest = np.minimum(smallest, 2 * t.sf(np.abs(seen.mean(1)) / error, num_seeds - 1))
    # Three digits, towards the careful side: a figure that can be told, whatever NumPy's version.
    return math.floor(1_000 * float(np.quantile(smallest, SIGNIFICANCE))) / 1_000


def all_looks(plans: Iterable[Sequence[int]], *, num_seeds: int = 0) -> tuple[int, ...]:
    """Return the looks of all plans together: one that was taken is not forgotten for another.

    Args:
        plans: numbers of seeds.
        num_seeds: that are looked at now; more than in any plan is a look of its own.
    """
    looks = set().union(*plans)
    if looks and num_seeds > max(looks):
        looks.add(num_seeds)
    return tuple(sorted(looks))
