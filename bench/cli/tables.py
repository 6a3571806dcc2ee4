"""The answer as a table and sentences on the terminal."""

import math

from rich.console import Console
from rich.table import Table

from bench.comparison.comparison import Comparison, VariantRow
from bench.comparison.statistics import Interval
from bench.comparison.wording import answer

VERDICT_STYLE = {"better": "green", "worse": "red", "equivalent": "cyan", "undetermined": "yellow"}


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print quality, cost, the answer, and what the figures are."""
    console.print()
    console.print(f"[bold]{comparison.question}[/]\n", highlight=False)
    console.print(_quality(comparison))
    console.print()
    console.print(_cost(comparison))
    console.print()
    for line in answer(comparison):
        console.print(f"→ {line}", highlight=False)
    console.print()
    console.print(_legend(comparison), style="dim", highlight=False)


def _quality(comparison: Comparison) -> Table:
    table = _table("seeds", "BLEU", "Δ BLEU", "verdict")
    for row in comparison.rows:
        seeds = str(row.num_finished)
        if row.num_diverged:
            seeds += f" (+{row.num_diverged} diverged)"
        bleu = _interval(row.bleu) if row.bleu else "–"
        table.add_row(row.variant, seeds, bleu, *_difference(row))
    return table


def _difference(row: VariantRow) -> tuple[str, str]:
    if row.difference is None:
        return "baseline" if row.is_baseline else "–", ""
    style = VERDICT_STYLE[row.difference.verdict]
    verdict = f"[{style}]{row.difference.verdict}[/]"
    return _interval(row.difference.bleu, sign="+"), verdict


def _cost(comparison: Comparison) -> Table:
    table = _table("chrF", "loss", "parameters", "training", "pairs/s", "decoded/s")
    for row in comparison.rows:
        table.add_row(
            row.variant,
            _number(row.chrf, ".1f"),
            _number(row.loss, ".3f"),
            f"{row.parameters:,}",
            f"{row.training_seconds:.0f} s",
            f"{row.pairs_per_second:,.0f}",
            _number(row.sentences_per_second, ",.0f"),
        )
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("variant", no_wrap=True)
    for heading in headings:
        # An interval may take a second line where the terminal is narrow; nothing is cut off.
        table.add_column(heading, justify="right", no_wrap="BLEU" not in heading)
    return table


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"


def _interval(interval: Interval, *, sign: str = "") -> str:
    if math.isinf(interval.low):
        return f"{interval.estimate:{sign}.2f} (one seed)"
    low, high = f"{interval.low:{sign}.2f}", f"{interval.high:{sign}.2f}"
    return f"{interval.estimate:{sign}.2f} [{low}, {high}]"


def _legend(comparison: Comparison) -> str:
    return (
        "BLEU: mean over seeds and its 95 % interval (Student's t). Δ BLEU: paired by seed, "
        f"{comparison.confidence:.1%} intervals, so that all hold together with 95 %; within "
        f"±{comparison.margin:g} counts as equivalent. "
        "Loss in nats per token; training seconds and pairs per second of one run. "
        f"sacreBLEU {comparison.signature}"
    )
