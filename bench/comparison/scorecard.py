"""Published effects beside ours: the same sign, larger, smaller, or undetermined.

Beside a range around zero, in which there may be no effect: above it or below.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from bench.comparison.comparison import Comparison
from bench.comparison.statistics import Interval
from bench.experiment.schema import Expectation


class PublishedEffect(NamedTuple):
    """One published effect and ours."""

    expected: Expectation
    ours: Interval | None
    """Variant minus baseline, at Holm's share; None where nothing can be paired."""
    agreement: str

    @property
    def published(self) -> str:
        """Return what was published, a figure or a range with its unit."""
        low, high = self.expected.low, self.expected.high
        unit = "BLEU" if self.expected.metric == "bleu" else "loss"
        if high is None:
            return f"more than {low:+g} {unit}"
        return f"{low:+g} {unit}" if low == high else f"{low:+g} to {high:+g} {unit}"


def keep_score(expected: Sequence[Expectation], comparison: Comparison) -> list[PublishedEffect]:
    """Put each published effect beside the one found."""
    rows = {row.variant: row for row in comparison.rows}
    scores = []
    for expectation in expected:
        row = rows.get(expectation.variant)
        difference = row.difference if row else None
        if difference and difference.verdict == "same runs":
            difference = None
        ours = difference.by_metric.get(expectation.metric) if difference else None
        margin = comparison.margin if expectation.metric == "bleu" else 0.0
        agreement = _agreement(expectation, ours, margin=margin)
        if row and comparison.has_learnt_little(row):
            agreement = "next to nothing learnt"
        scores.append(PublishedEffect(expectation, ours, agreement))
    return scores


def _agreement(expected: Expectation, ours: Interval | None, *, margin: float) -> str:
    """Put it in words: our interval against the published range."""
    if ours is None:
        return "no figure"
    low, high = expected.low, math.inf if expected.high is None else expected.high
    if low <= 0 <= high:
        if low - margin <= ours.low and ours.high <= high + margin:
            return "agrees"
        if ours.low > high:
            return "above"
        return "below" if ours.high < low else "undetermined"
    if ours.low <= 0 <= ours.high:
        excludes = ours.high < low if low > 0 else ours.low > high
        return "smaller" if excludes else "undetermined"
    if (ours.estimate > 0) != (low > 0):
        return "opposite sign"
    if ours.low <= high and ours.high >= low:
        return "same sign, sizes compatible"
    farther = abs(ours.estimate) > max(abs(low), abs(high))
    return f"same sign, {'larger' if farther else 'smaller'}"
