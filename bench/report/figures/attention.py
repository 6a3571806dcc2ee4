"""Where a decoder looked: source tokens across, the translation downwards."""

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from bench.evaluation.translator import Attended
from bench.report.figures.drawing import draw

CELL = 0.3  # inches


def draw_attention(attended: Attended, *, name: str, colour: str) -> str:
    """Draw one sentence's weights, darker for more, from none to all.

    Args:
        attended: the sentence.
        name: of the figure.
        colour: of the variant.
    """

    def paint(axes: Axes) -> None:
        shades = LinearSegmentedColormap.from_list(
            "weight", [(*to_rgb(colour), 0.0), (*to_rgb(colour), 1.0)]
        )
        # Each cell a shape of its own: sharp at any size, and see-through where nothing is.
        axes.pcolormesh(attended.weights, cmap=shades, vmin=0, vmax=1, edgecolors="none")
        middles = [place + 0.5 for place in range(len(attended.source))]
        axes.set_xticks(middles, attended.source, rotation=55, ha="left", rotation_mode="anchor")
        axes.set_yticks([place + 0.5 for place in range(len(attended.target))], attended.target)
        axes.xaxis.tick_top()
        axes.invert_yaxis()
        axes.tick_params(length=0)
        axes.spines["bottom"].set_visible(False)
        axes.spines["left"].set_visible(False)

    size = (1.4 + CELL * len(attended.source), 1.1 + CELL * len(attended.target))
    return draw(name, paint, size=size)
