"""The answer as tables and sentences on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.comparison.columns import TABLES, TableSpec
from bench.comparison.comparison import Comparison
from bench.comparison.wording import answer, method

VERDICT_STYLE = {"better": "green", "worse": "red", "equivalent": "cyan", "undetermined": "yellow"}


def print_comparison(
    console: Console, comparison: Comparison, *, adhoc: Sequence[str] = ()
) -> None:
    """Print quality, cost, evidence, the answer, and what the figures are.

    Args:
        console: where to.
        comparison: the answer.
        adhoc: settings changed on the command line, which make it exploratory.
    """
    console.print()
    console.print(f"[bold]{escape(comparison.question)}[/]", highlight=False)
    if adhoc:
        console.print(f"[yellow]Exploratory:[/] with {escape(' '.join(adhoc))}", highlight=False)
    for table in TABLES:
        console.print()
        console.print(_build(table, comparison))
    console.print()
    for line in answer(comparison):
        console.print(f"→ {line}", highlight=False, markup=False)
    console.print()
    console.print(method(comparison), style="dim", highlight=False, markup=False)


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
