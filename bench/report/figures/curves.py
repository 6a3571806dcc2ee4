"""Learning curves: the mean over seeds, within the band from lowest to highest."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bench.report.figures.drawing import draw, name_colours
from bench.tracking.result import RunResult


def draw_curves(
    results: Mapping[str, Sequence[RunResult]],
    colours: Mapping[str, str],
    *,
    name: str,
    metric: str,
    label: str,
    by_seconds: bool,
) -> str:
    """Draw a metric by epoch, or by seconds of training.

    Args:
        results: by variant.
        colours: by variant.
        name: of the figure.
        metric: of the epochs, such as `validation/bleu`.
        label: of its axis, with the unit.
        by_seconds: put seconds of training on the other axis, averaged over seeds.
    """

    def paint(axes: Axes) -> None:
        for variant, found in results.items():
            runs = [run for run in found if run.outcome == "finished"]
            num_epochs = min((len(run.epochs) for run in runs), default=0)
            if not num_epochs:
                continue
            values = _table(runs, metric, num_epochs)  # (seeds, epochs)
            seconds = _table(runs, "train/seconds", num_epochs).mean(0).cumsum()
            x = seconds if by_seconds else np.arange(1, num_epochs + 1)
            axes.plot(x, values.mean(0), ".-", color=colours[variant], label=variant)
            axes.fill_between(
                x, values.min(0), values.max(0), color=colours[variant], alpha=0.18, linewidth=0
            )
        if by_seconds:
            axes.set_xlim(left=0)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("training seconds" if by_seconds else "epoch")
        axes.set_ylabel(label)
        name_colours(axes)

    return draw(name, paint)


def _table(runs: Sequence[RunResult], metric: str, num_epochs: int) -> np.ndarray:
    return np.array([[epoch.metrics[metric] for epoch in run.epochs[:num_epochs]] for run in runs])
