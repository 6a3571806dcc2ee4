"""Chance for the grammar: words by Zipf's law, constructions by weight."""

import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import TypeVar

Item = TypeVar("Item")
# Mandelbrot's variant, 1 / (rank + shift)^exponent: the very first words are not everywhere. The
# exponent is that of one class of words; over all classes together it comes out near Zipf's 1.
ZIPF_SHIFT = 3
ZIPF_EXPONENT = 2.5
TAIL = 0.05  # this share of the draws gives every word the same chance, so that rare ones do come


class Draw:
    """One stream of choices; the same seed gives the same sentences on every machine."""

    def __init__(self, seed: int) -> None:
        # random() alone is promised to stay the same between versions of Python.
        self._uniform = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        """Say yes with a probability."""
        return self._uniform() < probability

    def word(self, items: Sequence[Item]) -> Item:
        """Choose from a list in order of frequency, the first most often (Zipf's law)."""
        weights = _zipf(len(items))
        return items[bisect(weights, self._uniform() * weights[-1])]

    def even(self, items: Sequence[Item]) -> Item:
        """Choose from a list, each item as often as the next."""
        return items[int(self._uniform() * len(items))]

    def weighted(self, weights: Mapping[Item, float]) -> Item:
        """Choose a key in proportion to its weight."""
        point = self._uniform() * sum(weights.values())
        for item, weight in weights.items():
            point -= weight
            if point < 0:
                return item
        return next(reversed(weights.keys()))  # type: ignore[call-overload, no-any-return]


@cache
def _zipf(num_items: int) -> list[float]:
    weights = [1 / (rank + ZIPF_SHIFT) ** ZIPF_EXPONENT for rank in range(1, num_items + 1)]
    floor = TAIL * sum(weights) / num_items
    return list(accumulate(weight + floor for weight in weights))
