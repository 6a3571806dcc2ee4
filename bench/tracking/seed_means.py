"""Means over the seeds of a variant: curves by epoch, and test scores with their deviation."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from bench.tracking.result import RunResult


def mean_curves(runs: Sequence[RunResult]) -> dict[int, dict[str, float]]:
    """Average every metric that all finished runs have, epoch by epoch."""
    finished = [run for run in runs if run.outcome == "finished"]
    by_epoch: dict[int, list[Mapping[str, float]]] = {}
    for run in finished:
        for record in run.epochs:
            by_epoch.setdefault(record.epoch, []).append(record.metrics)
    return {
        epoch: {name: fmean(metrics[name] for metrics in found) for name in _shared(found)}
        for epoch, found in by_epoch.items()
        if len(found) == len(finished)
    }


def mean_scores(runs: Sequence[RunResult]) -> dict[str, float]:
    """Average what all finished runs have for test scores and costs; `_sd` is their deviation."""
    finished = [run for run in runs if run.outcome == "finished"]
    scores: dict[str, float] = {}
    if not finished:
        return scores
    for name in _shared([run.test for run in finished]):
        values = [run.test[name] for run in finished]
        scores[f"test/{name}"] = fmean(values)
        if len(values) > 1:
            scores[f"test/{name}_sd"] = stdev(values)
    scores["train/parameters"] = float(finished[0].parameters)
    scores["train/total_seconds"] = fmean(run.training_seconds for run in finished)
    return scores


def _shared(found: Sequence[Mapping[str, float]]) -> list[str]:
    """Name the metrics that all have: those of an earlier version may lack some."""
    return [name for name in found[0] if all(name in metrics for metrics in found)]
