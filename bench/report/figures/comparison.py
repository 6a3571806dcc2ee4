"""Plots of scores and differences: the forest, dots by seed, quality against cost."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from bench.comparison.by_length import LengthClass
from bench.comparison.comparison import Comparison, VariantRow
from bench.report.figures.drawing import FAINT, SIZE, draw, name_colours
from bench.tracking.result import RunResult

Results = Mapping[str, Sequence[RunResult]]
Colours = Mapping[str, str]


def draw_forest(comparison: Comparison, colours: Colours) -> str:
    """Draw each difference with its interval, against zero and the margin."""
    rows = [row for row in comparison.rows if row.difference is not None][::-1]

    def paint(axes: Axes) -> None:
        axes.axvspan(-comparison.margin, comparison.margin, color=FAINT, alpha=0.25, linewidth=0)
        axes.axvline(0, color=FAINT, linewidth=1)
        for y, row in enumerate(rows):
            assert row.difference is not None
            bleu, colour = row.difference.by_metric["bleu"], colours[row.variant]
            if np.isfinite(bleu.low):
                axes.plot([bleu.low, bleu.high], [y, y], color=colour, solid_capstyle="butt")
            axes.plot(bleu.estimate, y, "o", color=colour, markersize=7)
            axes.annotate(
                f"{bleu.estimate:+z.1f}  {row.difference.verdict}",
                (bleu.estimate, y),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
        axes.set_yticks(range(len(rows)), [row.variant for row in rows])
        axes.set_ylim(-0.6, len(rows) - 0.3)
        axes.margins(x=0.15)
        axes.set_xlabel(
            f"Δ test BLEU against {comparison.baseline.variant}\n"
            f"{100 * (1 - comparison.significance):.3g} % by Holm; grey: ±{comparison.margin:g}"
        )
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)

    return draw("forest", paint, size=(SIZE[0], 1.3 + 0.55 * max(1, len(rows))))


def draw_seeds(comparison: Comparison, results: Results, colours: Colours) -> str:
    """Draw a dot per seed and the mean's interval; lines join the same seed's dots."""

    def paint(axes: Axes) -> None:
        finished = {name: _scores(runs) for name, runs in results.items()}
        for seed in sorted({seed for scores in finished.values() for seed in scores}):
            points = [
                (x, scores[seed]) for x, scores in enumerate(finished.values()) if seed in scores
            ]
            axes.plot(*zip(*points, strict=True), color=FAINT, alpha=0.6, linewidth=1, zorder=1)
        for x, row in enumerate(comparison.rows):
            values = list(finished[row.variant].values())
            axes.scatter([x] * len(values), values, color=colours[row.variant], s=26, zorder=2)
            _draw_interval(axes, row, x + 0.18, colours[row.variant])
        _name_variants(axes, list(finished))
        axes.set_ylabel("test BLEU, a dot per seed")

    return draw("seeds", paint)


def draw_cost(
    comparison: Comparison,
    results: Results,
    colours: Colours,
    *,
    name: str,
    cost: Callable[[RunResult], float],
    label: str,
) -> str:
    """Draw test BLEU against a cost: a dot per seed, the mean larger.

    Args:
        comparison: for the order of the variants.
        results: by variant.
        colours: by variant.
        name: of the figure.
        cost: of a run.
        label: of its axis, with the unit.
    """

    def paint(axes: Axes) -> None:
        for row in comparison.rows:
            runs = [run for run in results[row.variant] if run.outcome == "finished"]
            if not runs:
                continue
            costs, scores = [cost(run) for run in runs], [run.test["bleu"] for run in runs]
            colour = colours[row.variant]
            axes.scatter(costs, scores, color=colour, s=14, alpha=0.5, linewidths=0)
            mean = (float(np.mean(costs)), float(np.mean(scores)))
            axes.plot(*mean, "o", color=colour, markersize=8, label=row.variant)
        axes.set_xlabel(label)
        axes.set_ylabel("test BLEU")
        axes.margins(x=0.25, y=0.2)
        name_colours(axes)

    return draw(name, paint)


def draw_lengths(classes: Sequence[LengthClass], colours: Colours) -> str:
    """Draw BLEU by length of the source sentence."""

    def paint(axes: Axes) -> None:
        for variant, colour in colours.items():
            scores = [found.bleu.get(variant, np.nan) for found in classes]
            axes.plot(range(len(classes)), scores, "o-", color=colour, label=variant)
        labels = [f"{found.label}\n({found.num_sentences:,})" for found in classes]
        axes.set_xticks(range(len(classes)), labels)
        axes.margins(x=0.1)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("words of the French sentence (number of sentences)")
        axes.set_ylabel("test BLEU, mean over seeds")
        name_colours(axes)

    return draw("lengths", paint)


def _draw_interval(axes: Axes, row: VariantRow, x: float, colour: str) -> None:
    bleu = row.scores.get("bleu")
    if bleu is not None and np.isfinite(bleu.low):
        reach = [[bleu.estimate - bleu.low], [bleu.high - bleu.estimate]]
        axes.errorbar(x, bleu.estimate, yerr=reach, fmt="_", capsize=3, color=colour)


def _name_variants(axes: Axes, names: Sequence[str]) -> None:
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    if max(map(len, names)) * len(names) > 36:  # they would run into each other
        for label in axes.get_xticklabels():
            label.set(rotation=30, ha="right", rotation_mode="anchor")


def _scores(runs: Sequence[RunResult]) -> dict[int, float]:
    return {run.seed: run.test["bleu"] for run in runs if run.outcome == "finished"}
