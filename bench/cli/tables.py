"""The answer as tables and sentences on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from bench.comparison.columns import TABLES, TableSpec
from bench.comparison.comparison import Comparison
from bench.comparison.scorecard import keep_score
from bench.comparison.wording import answer, method, published
from bench.experiment.schema import Expectation

WIDEST = 1_000  # columns: no table of ours is
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
        built = _build(table, comparison)
        # Where even that is too wide the terminal breaks its lines, and no figure is cut.
        least = Measurement.get(console, console.options.update(max_width=WIDEST), built).minimum
        console.print(built, width=max(least, console.width), crop=False)
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
    columns = [[column.cell(row, comparison) for row in comparison.rows] for column in spec.columns]
    for column, cells in zip(spec.columns, columns, strict=True):
        # An interval may take a second line where the terminal is narrow; nothing is cut off.
        longest = max(
            len(word) for text in (column.heading, *cells) for word in text.split() or [""]
        )
        table.add_column(column.heading, justify="right", min_width=longest)
    for row, *texts in zip(comparison.rows, *columns, strict=True):
        table.add_row(row.variant, *map(_styled, texts))
    return table


def _styled(cell: str) -> str:
    return f"[{VERDICT_STYLE[cell]}]{cell}[/]" if cell in VERDICT_STYLE else escape(cell)
