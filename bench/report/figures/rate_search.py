"""The loss over the learning rate, as the finder of rates saw it."""

from matplotlib.axes import Axes

from bench.report.figures.drawing import INK, draw, name_colours
from bench.training.rate_finder import RateSearch


def draw_rate_search(found: RateSearch, *, title: str) -> str:
    """Draw the smoothed loss over the learning rate, with both suggestions."""

    def paint(axes: Axes) -> None:
        axes.plot(found.rates, found.losses, color=INK)
        for rate, label, style in (
            (found.steepest, "falls fastest", "--"),
            (found.lowest, "lowest", ":"),
        ):
            axes.axvline(rate, linestyle=style, color="#0072b2", label=f"{label}: {rate:.1e}")
        axes.set_xscale("log")
        axes.set_xlabel("learning rate")
        axes.set_ylabel("smoothed training loss, nats per token")
        axes.set_title(title)
        name_colours(axes)

    return draw("learning_rate", paint, size=(6, 3.6))
