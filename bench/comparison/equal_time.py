"""Variants at equal training time: a slower one may be better only because it trained longer."""

from collections.abc import Sequence

import numpy as np

from bench.tracking.result import RunResult


def validation_bleu_at(run: RunResult, seconds: float) -> float:
    """Return the best validation BLEU that a run had reached after so many training seconds.

    Between the ends of two epochs it rises evenly; before the first step it is 0.
    """
    ends = np.cumsum([0.0, *(epoch.metrics["train/seconds"] for epoch in run.epochs)])
    reached = [0.0, *(epoch.metrics["validation/bleu"] for epoch in run.epochs)]
    return float(np.interp(seconds, ends, np.maximum.accumulate(reached)))


def differences_at_equal_time(
    runs: Sequence[RunResult], baseline: Sequence[RunResult]
) -> list[float]:
    """Return by how much each run is ahead of the baseline's of its seed when the faster one ends.

    In validation BLEU, since the test split is opened once, at the end.

    Args:
        runs: finished ones.
        baseline: of the same seeds, in the same order.
    """
    found = []
    for run, other in zip(runs, baseline, strict=True):
        seconds = min(run.training_seconds, other.training_seconds)
        found.append(validation_bleu_at(run, seconds) - validation_bleu_at(other, seconds))
    return found
