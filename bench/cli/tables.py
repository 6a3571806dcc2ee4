"""The answer as tables and sentences on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.comparison.columns import TABLES, TableSpec
from bench.comparison.comparison import Comparison
from bench.comparison.scorecard import keep_score
from bench.comparison.wording import answer, method, published
from bench.experiment.schema import Expectation

VERDICT_STYLE = {"better": "green", "worse": "red", "equivalent": "cyan", "undetermined": "yellow"}


def print_comparison(
    console: Console, comparison: Comparison, expected: Sequence[Expectation]
) -> None:
    """Print what was done, quality, cost, evidence, the answer, and what the figures are.

    Args:
        console: where to.
        comparison: the answer.
        expected: what was published.
    """
    console.print()
    console.print(f"[bold]{escape(comparison.question)}[/]", highlight=False)
    console.print(comparison.scope, highlight=False, markup=False)
    if comparison.exploratory:
        changed = escape(" ".join(comparison.exploratory))
        console.print(f"[yellow]Exploratory:[/] with {changed}", highlight=False)
    for table in TABLES:
        console.print()
        console.print(_build(table, comparison))
    console.print()
    for line in answer(comparison):
        console.print(f"→ {line}", highlight=False, markup=False)
    beside = published(keep_score(expected, comparison))
    for text in (*beside, method(comparison)):
        console.print()
        console.print(text, style="dim", highlight=False, markup=False)


def _build(spec: TableSpec, comparison: Comparison) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("variant", no_wrap=True)
    for column in spec.columns:
        # An interval may take a second line where the terminal is narrow; nothing is cut off.
        table.add_column(column.heading, justify="right", no_wrap="Δ" not in column.heading)
    for row in comparison.rows:
        cells = [column.cell(row, comparison) for column in spec.columns]
        table.add_row(row.variant, *(_styled(cell) for cell in cells))
    return table


def _styled(cell: str) -> str:
    return f"[{VERDICT_STYLE[cell]}]{cell}[/]" if cell in VERDICT_STYLE else escape(cell)
