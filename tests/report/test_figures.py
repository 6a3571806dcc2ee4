"""What is drawn is what was found."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from bench.report.figures.comparison import draw_cost, draw_forest, draw_seeds
from bench.report.figures.curves import draw_curves
from bench.report.pages import write_report
from bench.tracking.colours import variant_colours
from tests.report.examples import example

Painted = Callable[..., Axes]


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> Painted:
    """Return the axes that a figure is painted on, before they become a picture."""
    kept: list[Axes] = []

    def keep(_: str, paint: Callable[[Axes], None], **__: object) -> str:
        kept.append(Figure().subplots())
        paint(kept[-1])
        return ""

    def paint(figure: Callable[..., str], /, *given: object, **named: object) -> Axes:
        monkeypatch.setattr(sys.modules[figure.__module__], "draw", keep)
        figure(*given, **named)
        return kept[-1]

    return paint


def test_a_forest_has_each_difference_with_its_interval(painted: Painted) -> None:
    """From end to end, in its variant's colour, over the margin and against zero."""
    report = example()
    found, colours = replace(report.comparison, margin=0.75), variant_colours(report.results)

    axes = painted(draw_forest, found, colours)

    zero, *drawn = axes.lines
    assert list(zero.get_xdata()) == [0, 0]
    rows = [row for row in found.rows if row.difference is not None][::-1]
    for row, interval, dot in zip(rows, drawn[::2], drawn[1::2], strict=True):
        assert row.difference is not None
        bleu = row.difference.by_metric["bleu"]
        assert list(interval.get_xdata()) == [bleu.low, bleu.high]
        assert list(dot.get_xdata()) == [bleu.estimate]
        assert to_hex(str(interval.get_color())) == colours[row.variant].lower()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["c", "b"]
    assert "±0.75" in axes.get_xlabel()
    margin = axes.patches[0].get_window_extent().transformed(axes.transData.inverted())
    assert (margin.x0, margin.x1) == pytest.approx((-0.75, 0.75))


def test_scores_stand_above_their_variant_and_lines_join_a_seed(painted: Painted) -> None:
    """The bar beside them is the interval of the mean."""
    report = example()

    axes = painted(
        draw_seeds,
        report.comparison,
        report.results,
        variant_colours(report.results),
    )

    scattered = [each for each in axes.collections if isinstance(each, PathCollection)]
    dots = [sorted(each.get_offsets().tolist()) for each in scattered]
    assert dots[0] == [[0, 20.0], [0, 21.0], [0, 22.0]]
    assert dots[1] == [[1, 25.1], [1, 26.0]]
    bars = [each for each in axes.collections if isinstance(each, LineCollection)]
    bleu = report.comparison.rows[0].scores["bleu"]
    assert bars[0].get_segments()[0][:, 1].tolist() == pytest.approx([bleu.low, bleu.high])
    joined = [line.get_xydata().tolist() for line in axes.lines[:3]]
    assert joined[0] == [[0, 20.0], [1, 25.1], [2, 21.0]]
    assert joined[2] == [[0, 22.0], [2, 22.4]]


@pytest.mark.parametrize("by_seconds", [False, True])
def test_a_curve_is_the_mean_of_the_seeds_within_their_range(
    painted: Painted, by_seconds: bool
) -> None:
    """Over epochs that all have, or their seconds added up."""
    first, second, third = example().results["a"]
    metrics = second.epochs[0].metrics
    better = [
        replace(epoch, metrics={**epoch.metrics, "validation/bleu": 9.0 * epoch.epoch})
        for epoch in (*second.epochs, replace(second.epochs[0], epoch=4, metrics=metrics))
    ]
    results = {"a": [first, replace(second, epochs=tuple(better)), third]}

    axes = painted(
        draw_curves,
        results,
        {"a": "#000000"},
        name="it",
        metric="validation/bleu",
        label="BLEU",
        by_seconds=by_seconds,
    )

    (line,), (band,) = axes.lines, axes.collections
    places = [4.0, 8.0, 12.0] if by_seconds else [1.0, 2.0, 3.0]
    np.testing.assert_allclose(line.get_xdata(), places)
    np.testing.assert_allclose(line.get_ydata(), [7.0, 14.0, 21.0])
    corners = band.get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (6.0, 27.0)


def test_cost_is_the_mean_of_each_variant_and_a_dot_a_seed(painted: Painted) -> None:
    """On the axis that is asked for."""
    report = example()

    axes = painted(
        draw_cost,
        report.comparison,
        report.results,
        variant_colours(report.results),
        name="it",
        cost=lambda run: run.seed * 10.0,
        label="cost",
    )

    assert axes.collections[0].get_offsets().tolist() == [[10, 20.0], [20, 21.0], [30, 22.0]]
    assert axes.lines[0].get_xydata().tolist() == [[20.0, 21.0]]
    assert "cost" in axes.get_xlabel()


def test_what_was_not_planned_is_said(tmp_path: Path) -> None:
    """Settings that were changed, and seeds that were chosen."""
    write_report(tmp_path / "a", replace(example(), adhoc=["model.num_layers=3"]))
    write_report(tmp_path / "b", replace(example(), chosen_seeds=True))
    pages = [(tmp_path / name / "README.md").read_text("utf-8") for name in "ab"]

    assert "Exploratory: settings were changed for it, model.num_layers=3" in pages[0]
    assert "Of seeds that were named for it" in pages[1]
    assert "Exploratory" not in pages[1]
