"""The answer on a terminal."""

import io

import pytest
from rich.console import Console

from bench.cli.tables import print_comparison
from tests.comparison.examples import comparison


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_terminal_is_too_narrow_for_a_figure(width: int) -> None:
    """Each stands there whole, however the lines break."""
    found = comparison([20, 21, 22], [25.1, 26, 27.1], [20.4, 21.6, 22.5])
    written = {}
    for each in (width, 400):
        text = io.StringIO()
        print_comparison(Console(file=text, width=each), found, [])
        written[each] = set(text.getvalue().split())

    assert written[400] <= written[width]
