"""Plots, in one style: colours that colour-blind readers can tell apart, axes with units."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bench.comparison.comparison import Comparison
from bench.tracking.colours import variant_colours
from bench.tracking.result import RunResult
from bench.training.rate_finder import RateSearch

STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "legend.frameon": False,
    "svg.hashsalt": "bench",  # the same figure is the same file
    "svg.fonttype": "none",
}


def save_overview(
    path: Path, comparison: Comparison, results: Mapping[str, Sequence[RunResult]]
) -> None:
    """Draw test BLEU per seed, and validation BLEU by epoch, as one SVG file."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        seeds, curves = figure.subplots(1, 2, width_ratios=(2, 3))
        colours = variant_colours(results)
        _draw_seeds(seeds, comparison, results, colours)
        _draw_curves(curves, results, colours)
        figure.savefig(path, format="svg", metadata={"Date": None}, facecolor="white")


def save_rate_search(path: Path, found: RateSearch, *, title: str) -> None:
    """Draw the smoothed loss over the learning rate, with both suggestions, as one SVG file."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.plot(found.rates, found.losses, color="0.2")
        for rate, label, style in (
            (found.steepest, "falls fastest", "--"),
            (found.lowest, "lowest", ":"),
        ):
            axes.axvline(rate, linestyle=style, color="#0072b2", label=f"{label}: {rate:.1e}")
        axes.set_xscale("log")
        axes.set_xlabel("learning rate")
        axes.set_ylabel("smoothed training loss, nats per token")
        axes.set_title(title)
        axes.legend()
        figure.savefig(path, format="svg", metadata={"Date": None}, facecolor="white")


def _draw_seeds(
    axes: Axes,
    comparison: Comparison,
    results: Mapping[str, Sequence[RunResult]],
    colours: Mapping[str, str],
) -> None:
    """Draw a dot per seed and the mean's interval; lines join the same seed's dots."""
    finished = {name: _scores(runs) for name, runs in results.items()}
    for seed in sorted({seed for scores in finished.values() for seed in scores}):
        points = [(x, scores[seed]) for x, scores in enumerate(finished.values()) if seed in scores]
        axes.plot(*zip(*points, strict=True), color="0.8", linewidth=1, zorder=1)
    for x, row in enumerate(comparison.rows):
        values = list(finished[row.variant].values())
        axes.scatter([x] * len(values), values, color=colours[row.variant], s=22, zorder=2)
        if row.bleu is not None and len(values) > 1:
            reach = [[row.bleu.estimate - row.bleu.low], [row.bleu.high - row.bleu.estimate]]
            axes.errorbar(
                x + 0.18,
                row.bleu.estimate,
                yerr=reach,
                fmt="_",
                capsize=3,
                color=colours[row.variant],
            )
    axes.set_xticks(range(len(finished)), finished.keys())
    axes.tick_params(axis="x", labelrotation=35)
    for label in axes.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.4, len(finished) - 0.4)
    axes.set_ylabel("test BLEU, one dot per seed")


def _draw_curves(
    axes: Axes, results: Mapping[str, Sequence[RunResult]], colours: Mapping[str, str]
) -> None:
    """Draw the mean over seeds by epoch, within the band from lowest to highest."""
    for variant, runs in results.items():
        if not runs:
            continue
        num_epochs = min(len(run.epochs) for run in runs)
        epochs = range(1, num_epochs + 1)
        columns = [
            [run.epochs[epoch - 1].metrics["validation/bleu"] for run in runs] for epoch in epochs
        ]
        axes.plot(
            epochs, [fmean(column) for column in columns], color=colours[variant], label=variant
        )
        lows, highs = [min(column) for column in columns], [max(column) for column in columns]
        axes.fill_between(epochs, lows, highs, color=colours[variant], alpha=0.15, linewidth=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("validation BLEU, mean and range")
    axes.legend()


def _scores(runs: Sequence[RunResult]) -> dict[int, float]:
    return {run.seed: run.test["bleu"] for run in runs if run.outcome == "finished"}
