"""Published effects beside ours: the same sign, larger, smaller, or undetermined."""

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
        return f"{low:+g} {unit}" if low == high else f"{low:+g} to {high:+g} {unit}"


def keep_score(expected: Sequence[Expectation], comparison: Comparison) -> list[PublishedEffect]:
    """Put each published effect beside the one found."""
    differences = {row.variant: row.difference for row in comparison.rows}
    scores = []
    for expectation in expected:
        difference = differences.get(expectation.variant)
        if difference and difference.verdict == "same runs":
            difference = None
        ours = difference.by_metric.get(expectation.metric) if difference else None
        margin = comparison.margin if expectation.metric == "bleu" else 0.0
        scores.append(
            PublishedEffect(expectation, ours, _agreement(expectation, ours, margin=margin))
        )
    return scores


def _agreement(expected: Expectation, ours: Interval | None, *, margin: float) -> str:
    """Put it in words: our interval against the published range."""
    if ours is None:
        return "no figure"
    if expected.low <= 0 <= expected.high:
        if expected.low - margin <= ours.low and ours.high <= expected.high + margin:
            return "agrees"
        if ours.low > expected.high:
            return "larger"
        return "smaller" if ours.high < expected.low else "undetermined"
    if ours.low <= 0 <= ours.high:
        excludes = ours.high < expected.low if expected.low > 0 else ours.low > expected.high
        return "smaller" if excludes else "undetermined"
    if (ours.estimate > 0) != (expected.low > 0):
        return "opposite sign"
    if ours.low <= expected.high and ours.high >= expected.low:
        return "same sign, sizes compatible"
    farther = abs(ours.estimate) > max(abs(expected.low), abs(expected.high))
    return f"same sign, {'larger' if farther else 'smaller'}"
