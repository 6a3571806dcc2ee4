"""Plots of a search: its course, its settings, what a budget of n trials is worth."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

from bench.comparison.best_of import BestOf
from bench.evaluation.metrics import higher_is_better
from bench.experiment.search import Choices, Range
from bench.report.figures.drawing import FAINT, SIZE, draw, name_colours
from bench.search.record import SearchRecord, StudyRecord, TrialRecord

Colours = Mapping[str, str]
UNITS = {
    "bleu": "validation BLEU",
    "chrf": "validation chrF",
    "loss": "validation loss, nats per token",
    "seconds": "training seconds",
    "parameters": "parameters",
}


def draw_history(search: SearchRecord, colours: Colours) -> str:
    """Draw every trial's score in its order, and the best so far."""
    better = np.maximum if higher_is_better(search.config.metric) else np.minimum

    def paint(axes: Axes) -> None:
        for variant, study in search.studies.items():
            places = [n for n, trial in enumerate(study.trials, 1) if trial.state == "complete"]
            scores = [trial.values[0] for trial in study.complete]
            if not scores:
                continue
            axes.scatter(places, scores, color=colours[variant], s=18, alpha=0.6, linewidths=0)
            best = better.accumulate(scores)
            axes.step(places, best, color=colours[variant], where="post", label=variant)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("trial; line: best so far")
        axes.set_ylabel(UNITS[search.config.metric])
        name_colours(axes)

    return draw("history", paint)


def draw_best_of(best_of: BestOf, colours: Colours, *, metric: str) -> str:
    """Draw the score to expect of the best of n trials, with its band as far as it is known."""

    def paint(axes: Axes) -> None:
        for variant, curve in best_of.expected.items():
            colour, band = colours[variant], best_of.band[variant]
            axes.plot(range(1, len(curve) + 1), curve, ".-", color=colour, label=variant)
            axes.fill_between(
                range(1, len(band) + 1),
                [found.low for found in band],
                [found.high for found in band],
                color=colour,
                alpha=0.18,
                linewidth=0,
            )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("n, number of trials")
        axes.set_ylabel(f"best of n, {UNITS[metric]}")
        name_colours(axes)

    return draw("best_of", paint)


def draw_slice(search: SearchRecord, colours: Colours, setting: str) -> str:
    """Draw every trial's score against one setting."""
    dimension = search.config.space[setting]

    def paint(axes: Axes) -> None:
        for place, (variant, study) in enumerate(search.studies.items()):
            aside = 0.2 * (place - (len(search.studies) - 1) / 2)
            x = [_position(dimension, trial.settings[setting], aside) for trial in study.complete]
            y = [trial.values[0] for trial in study.complete]
            axes.scatter(x, y, color=colours[variant], s=22, linewidths=0, label=variant)
        _scale(axes, dimension)
        axes.set_xlabel(setting)
        axes.set_ylabel(UNITS[search.config.metric])
        name_colours(axes)

    return draw(slice_name(setting), paint)


def slice_name(setting: str) -> str:
    """Name the figure of a setting."""
    return f"slice_{setting.partition('.')[2]}"


def draw_parallel(search: SearchRecord, colours: Colours, variant: str) -> str:
    """Draw every trial of a variant across its settings, the stronger the better its score."""
    space = search.config.space

    def paint(axes: Axes) -> None:
        for share, trial in _by_rank(search.studies[variant]):
            axes.plot(
                range(len(space)),
                [_height(dimension, trial.settings[name]) for name, dimension in space.items()],
                color=colours[variant],
                alpha=0.12 + 0.88 * share**2,
                linewidth=0.8 + 1.4 * share,
            )
        for place, dimension in enumerate(space.values()):
            axes.axvline(place, color=FAINT, linewidth=0.8, zorder=0)
            low, high = _ends(dimension)
            axes.text(place, -0.04, low, ha="center", va="top", fontsize=9)
            axes.text(place, 1.04, high, ha="center", va="bottom", fontsize=9)
        axes.set_xticks(range(len(space)), list(space))
        axes.tick_params(axis="x", length=0, pad=16)
        axes.margins(x=0.15)
        axes.set_ylim(-0.05, 1.05)
        axes.set_yticks([])
        axes.spines[["left", "bottom"]].set_visible(False)

    return draw(f"parallel_{variant}", paint)


def draw_importances(search: SearchRecord, colours: Colours) -> str:
    """Draw how much of the score's variance each setting explains."""
    names = list(search.config.space)[::-1]
    thick = 0.8 / len(search.studies)

    def paint(axes: Axes) -> None:
        for place, (variant, study) in enumerate(search.studies.items()):
            heights = np.arange(len(names)) + 0.4 - thick * (place + 0.5)
            shares = [study.importances.get(name, 0.0) for name in names]
            axes.barh(heights, shares, height=0.9 * thick, color=colours[variant], label=variant)
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("share of the score's variance, a hint")
        name_colours(axes)

    return draw("importances", paint, size=(SIZE[0], 1.4 + 0.5 * len(names)))


def draw_front(search: SearchRecord, colours: Colours) -> str:
    """Draw the first objective against the second, each variant's Pareto front as a line."""
    first, second = search.config.objectives[:2]

    def paint(axes: Axes) -> None:
        for variant, study in search.studies.items():
            colour = colours[variant]
            points = [(trial.values[1], trial.values[0]) for trial in study.complete]
            if not points:
                continue
            x, y = zip(*points, strict=True)
            axes.scatter(x, y, color=colour, s=16, alpha=0.45, linewidths=0)
            front = sorted(
                (trial.values[1], trial.values[0])
                for trial in study.complete
                if trial.number in study.front
            )
            axes.plot(*zip(*front, strict=True), "o-", color=colour, markersize=6, label=variant)
        axes.set_xlabel(UNITS[second])
        axes.set_ylabel(UNITS[first])
        name_colours(axes)

    return draw("front", paint)


def _by_rank(study: StudyRecord) -> list[tuple[float, TrialRecord]]:
    """Return the trials with their rank as a share, from the worst, 0, to the best, 1."""
    worst_first = sorted(
        study.complete,
        key=lambda trial: trial.values[0],
        reverse=not higher_is_better(study.objectives[0]),
    )
    last = max(1, len(worst_first) - 1)
    return [(place / last, trial) for place, trial in enumerate(worst_first)]


def _position(dimension: Range | Choices, value: Any, aside: float) -> float:
    """Return where a value stands on its axis; variants of one choice side by side."""
    if isinstance(dimension, Choices):
        return dimension.choices.index(value) + aside
    return float(value)


def _scale(axes: Axes, dimension: Range | Choices) -> None:
    if isinstance(dimension, Choices):
        axes.set_xticks(range(len(dimension.choices)), [str(each) for each in dimension.choices])
        axes.set_xlim(-0.5, len(dimension.choices) - 0.5)
    elif dimension.log:
        middle = math.sqrt(dimension.low * dimension.high)
        ticks = (dimension.low, middle, dimension.high)
        axes.set_xscale("log")
        axes.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())


def _height(dimension: Range | Choices, value: Any) -> float:
    """Return how far up a value lies between the ends of its range, in [0, 1]."""
    if isinstance(dimension, Choices):
        return dimension.choices.index(value) / (len(dimension.choices) - 1)
    bend = math.log if dimension.log else float
    low, high, here = bend(dimension.low), bend(dimension.high), bend(value)
    return (here - low) / (high - low)


def _ends(dimension: Range | Choices) -> tuple[str, str]:
    if isinstance(dimension, Choices):
        return str(dimension.choices[0]), str(dimension.choices[-1])
    return f"{dimension.low:g}", f"{dimension.high:g}"
