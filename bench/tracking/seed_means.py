"""Means over the seeds of a variant: curves by epoch, and test scores with their deviation."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from bench.tracking.result import RunResult


def mean_curves(runs: Sequence[RunResult]) -> dict[int, dict[str, float]]:
    """Average every metric over the finished runs, epoch by epoch."""
    finished = [run for run in runs if run.outcome == "finished"]
    by_epoch: dict[int, list[Mapping[str, float]]] = {}
    for run in finished:
        for record in run.epochs:
            by_epoch.setdefault(record.epoch, []).append(record.metrics)
    return {
        epoch: {name: fmean(metrics[name] for metrics in found) for name in found[0]}
        for epoch, found in by_epoch.items()
        if len(found) == len(finished)
    }


def mean_scores(runs: Sequence[RunResult]) -> dict[str, float]:
    """Average the test scores and costs over finished runs; `_sd` is the deviation over seeds."""
    finished = [run for run in runs if run.outcome == "finished"]
    scores: dict[str, float] = {}
    if not finished:
        return scores
    for name in finished[0].test:
        values = [run.test[name] for run in finished]
        scores[f"test/{name}"] = fmean(values)
        if len(values) > 1:
            scores[f"test/{name}_sd"] = stdev(values)
    scores["train/parameters"] = float(finished[0].parameters)
    scores["train/total_seconds"] = fmean(run.training_seconds for run in finished)
    return scores
