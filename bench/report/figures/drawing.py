"""The one style of all plots: colours that colour-blind readers can tell apart, axes with units.

A plot's lines and letters take the colour of the page that they stand on, so that the same file is
readable on a light page, on a dark one and on paper.
"""

import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#010203"
"""Stands for the page's own colour until the file is written."""
FAINT = "#8c8c8c"
SIZE = (5.4, 3.4)  # inches: two abreast on a screen, one on a phone, letters readable on both

STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "font.size": 10,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "text.parse_math": False,
}
SHADES = """<style>
  svg {{ color: #1f2328; background: #ffffff; }}
  @media (prefers-color-scheme: dark) {{ svg {{ color: #e6edf3; background: #0d1117; }} }}
  text {{ font-family: system-ui, sans-serif !important; }}
</style>"""


def draw(name: str, paint: Callable[[Axes], None], *, size: tuple[float, float] = SIZE) -> str:
    """Let `paint` fill one pair of axes, and return the SVG text.

    Args:
        name: of the figure; the same figure is the same text each time.
        paint: draws.
        size: width and height in inches.
    """
    with mpl.rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.subplots()
        axes.patch.set_alpha(0)
        paint(axes)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return _for_a_page(text.getvalue(), name)


def name_colours(axes: Axes) -> None:
    """Add the legend, if there is anything to name: all runs may have diverged."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend()


def standalone(svg: str) -> str:
    """Give a plot the background and ink of a page of its own, light or dark as the reader's."""
    start = svg.index(">", svg.index("<svg")) + 1
    return f"{svg[:start]}\n{SHADES.format()}{svg[start:]}"


def _for_a_page(svg: str, name: str) -> str:
    svg = svg[svg.index("<svg") :]
    # Several plots share a page: names of parts get the plot's own name before them.
    svg = re.sub(r'(\bid="|"#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return svg.replace(INK, "currentColor")
