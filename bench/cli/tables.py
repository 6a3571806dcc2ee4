"""The answer as tables and sentences on the terminal."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.cli.session import Session
from bench.comparison.columns import TABLES, TableSpec
from bench.comparison.comparison import Comparison
from bench.comparison.scorecard import keep_score
from bench.comparison.wording import answer, method, published

VERDICT_STYLE = {"better": "green", "worse": "red", "equivalent": "cyan", "undetermined": "yellow"}


def print_comparison(console: Console, comparison: Comparison, session: Session) -> None:
    """Print what was done, quality, cost, evidence, the answer, and what the figures are.

    Args:
        console: where to.
        comparison: the answer.
        session: that it was asked in.
    """
    experiment = session.experiment
    console.print()
    console.print(f"[bold]{escape(comparison.question)}[/]", highlight=False)
    console.print(_scope(session), highlight=False, markup=False)
    if experiment.adhoc:
        changed = escape(" ".join(experiment.adhoc))
        console.print(f"[yellow]Exploratory:[/] with {changed}", highlight=False)
    for table in TABLES:
        console.print()
        console.print(_build(table, comparison))
    console.print()
    for line in answer(comparison):
        console.print(f"→ {line}", highlight=False, markup=False)
    beside = published(keep_score(experiment.expected, comparison))
    for text in (*beside, method(comparison)):
        console.print()
        console.print(text, style="dim", highlight=False, markup=False)


def _scope(session: Session) -> str:
    """Say how long was trained on what: an answer is about no more than that."""
    baseline = next(spec for spec in session.specs if spec.variant == session.experiment.baseline)
    corpus, epochs = session.data[baseline.data_fingerprint], baseline.config.training.epochs
    return (
        f"Profile {baseline.profile}: {epochs} {'epoch' if epochs == 1 else 'epochs'} of "
        f"{corpus.ledger.train_pairs:,} training pairs, {Path(corpus.ledger.corpus).name}"
    )


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
