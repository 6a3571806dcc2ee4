"""The tables of a comparison: which columns, and what stands in each; for every way of showing."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bench.comparison.comparison import Comparison, Difference, VariantRow
from bench.comparison.statistics import Interval

NOTHING = "–"


class Column(NamedTuple):
    """A heading, broken where it may take two lines, and the text of a cell."""

    heading: str
    cell: Callable[[VariantRow, Comparison], str]


class TableSpec(NamedTuple):
    """A table with a row per variant."""

    title: str
    columns: Sequence[Column]


def render_interval(interval: Interval, *, digits: int = 2, sign: str = "") -> str:
    """Write an estimate with its range."""
    form = f"{sign}.{digits}f"
    estimate = f"{interval.estimate:{sign}z.{digits}f}"
    if math.isinf(interval.low):
        return f"{estimate} (one seed)"
    # An end keeps its sign, though it be rounded to nought: it says on which side of zero it lies.
    return f"{estimate} [{interval.low:{form}}, {interval.high:{form}}]"


def _seeds(row: VariantRow, _: Comparison) -> str:
    diverged = f" (+{row.num_diverged} diverged)" if row.num_diverged else ""
    return f"{row.num_finished}{diverged}"


def _interval(metric: str, digits: int) -> Column:
    def cell(row: VariantRow, _: Comparison) -> str:
        return render_interval(row.scores[metric], digits=digits) if row.scores else NOTHING

    return Column(NAMES[metric], cell)


def _mean(metric: str, digits: int) -> Column:
    def cell(row: VariantRow, _: Comparison) -> str:
        return f"{row.scores[metric].estimate:.{digits}f}" if row.scores else NOTHING

    return Column(NAMES[metric], cell)


def _difference(metric: str, digits: int) -> Column:
    def cell(row: VariantRow, _: Comparison) -> str:
        if row.is_baseline:
            return "baseline"
        if row.difference is None or metric not in row.difference.by_metric:
            return NOTHING
        return render_interval(row.difference.by_metric[metric], digits=digits, sign="+")

    return Column(f"Δ {NAMES[metric]}", cell)


def _verdict(row: VariantRow, _: Comparison) -> str:
    return row.difference.verdict if row.difference else ""


def _parameters(row: VariantRow, comparison: Comparison) -> str:
    if not row.parameters:
        return NOTHING
    count = f"{row.parameters:,}"
    if row.is_baseline or not comparison.baseline.parameters:
        return count
    ratio = row.parameters / comparison.baseline.parameters
    return f"{count} (×{ratio:.2f})"


def _of_difference(heading: str, text: Callable[[Difference], str]) -> Column:
    def cell(row: VariantRow, _: Comparison) -> str:
        return text(row.difference) if row.difference else NOTHING

    return Column(heading, cell)


def _number(heading: str, value: Callable[[VariantRow], float | None], form: str) -> Column:
    def cell(row: VariantRow, _: Comparison) -> str:
        number = value(row)
        return NOTHING if number is None else f"{number:{form}}"

    return Column(heading, cell)


def _seeds_needed(found: Difference) -> str:
    if found.num_seeds < 2 or not found.by_metric["bleu"].estimate:
        return NOTHING
    return str(found.seeds_needed or "over 1,000")


def _fixed(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


NAMES = {"bleu": "BLEU", "chrf": "chrF", "loss": "loss"}

QUALITY = TableSpec(
    "Quality",
    (
        Column("seeds", _seeds),
        _interval("bleu", 2),
        _difference("bleu", 2),
        Column("verdict", _verdict),
    ),
)
BESIDE = TableSpec(
    "Other scores",
    (_mean("chrf", 1), _difference("chrf", 1), _mean("loss", 3), _difference("loss", 3)),
)
COST = TableSpec(
    "Cost",
    (
        Column("parameters", _parameters),
        _number("training, s", lambda row: row.training_seconds, ".0f"),
        _number("pairs/s", lambda row: row.pairs_per_second, ",.0f"),
        _number("decoded/s", lambda row: row.sentences_per_second, ",.0f"),
        _number("MiB", lambda row: row.peak_memory_bytes and row.peak_memory_bytes / 2**20, ",.0f"),
    ),
)
EVIDENCE = TableSpec(
    "What these runs can show, in BLEU",
    (
        _of_difference("deviation\nby seeds", lambda found: _fixed(found.seed_deviation)),
        _of_difference("by test\nsentences", lambda found: _fixed(found.sentence_deviation)),
        _of_difference("\ndetectable", lambda found: _fixed(found.detectable)),
        _of_difference("seeds\nneeded", _seeds_needed),
        _of_difference(
            "Δ at equal\ntraining time",
            lambda found: render_interval(found.at_equal_time, digits=1, sign="+"),
        ),
    ),
)
TABLES = (QUALITY, BESIDE, COST, EVIDENCE)
