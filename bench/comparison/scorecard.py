"""Published effects beside ours: the same sign, larger, smaller, or undetermined."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench.comparison.statistics import Interval, mean_interval
from bench.experiment.schema import Expectation
from bench.tracking.result import RunResult


class Score(NamedTuple):
    """One published effect and ours."""

    expected: Expectation
    ours: Interval | None
    """Variant minus baseline, paired by seed, 95 %; None where nothing can be paired."""
    agreement: str


def keep_score(
    expected: Sequence[Expectation],
    results: Mapping[str, Sequence[RunResult]],
    *,
    baseline: str,
) -> list[Score]:
    """Compare each published effect with the recorded runs."""
    scores = []
    for expectation in expected:
        differences = _differences(
            results.get(expectation.variant, ()), results[baseline], expectation.metric
        )
        ours = mean_interval(differences) if differences else None
        scores.append(Score(expectation, ours, _agreement(expectation, ours)))
    return scores


def _differences(
    runs: Sequence[RunResult], baseline: Sequence[RunResult], metric: str
) -> list[float]:
    theirs = {run.seed: run.test[metric] for run in baseline if run.test}
    return [run.test[metric] - theirs[run.seed] for run in runs if run.test and run.seed in theirs]


def _agreement(expected: Expectation, ours: Interval | None) -> str:
    """Put it in words: our interval against the published range."""
    if ours is None:
        return "not run"
    overlaps = ours.low <= expected.high and ours.high >= expected.low
    if expected.low <= 0 <= expected.high:
        return "agrees" if overlaps else "larger" if ours.low > expected.high else "smaller"
    if ours.low <= 0 <= ours.high:
        return "undetermined"
    if (ours.estimate > 0) != (expected.low > 0):
        return "opposite sign"
    if overlaps:
        return "same sign and size"
    farther = abs(ours.estimate) > max(abs(expected.low), abs(expected.high))
    return f"same sign, {'larger' if farther else 'smaller'}"
