"""A comparison as text for other programs: JSON, Markdown, CSV."""

import csv
import io
import math
from collections.abc import Callable

from pydantic import TypeAdapter

from bench.comparison.columns import TABLES, TableSpec
from bench.comparison.comparison import Comparison, VariantRow
from bench.comparison.resampling import METRICS
from bench.comparison.wording import answer, method


def render_json(comparison: Comparison) -> str:
    """Write every number."""
    return TypeAdapter(Comparison).dump_json(comparison, indent=1).decode() + "\n"


def render_markdown(comparison: Comparison) -> str:
    """Write question, answer and tables."""
    parts = [f"# {comparison.question}"]
    if comparison.scope:
        parts.append(comparison.scope)
    if comparison.exploratory:
        parts.append(f"Exploratory: with {' '.join(comparison.exploratory)}")
    parts.append("\n".join(f"- {line}" for line in answer(comparison)))
    for spec in TABLES:
        parts += [f"## {spec.title}", render_table(spec, comparison)]
    return "\n\n".join([*parts, method(comparison)]) + "\n"


def render_table(spec: TableSpec, comparison: Comparison) -> str:
    """Write one table in Markdown."""
    headings = [column.heading.replace("\n", " ").strip() for column in spec.columns]
    lines = [f"| variant | {' | '.join(headings)} |", "|---|" + "--:|" * len(headings)]
    for row in comparison.rows:
        cells = [column.cell(row, comparison) for column in spec.columns]
        lines.append(f"| {row.variant} | {' | '.join(cells)} |")
    return "\n".join(lines)


def render_csv(comparison: Comparison) -> str:
    """Write a line per variant, numbers only; what there is not is empty."""
    text = io.StringIO()
    about = {"scope": comparison.scope, "exploratory": " ".join(comparison.exploratory)}
    lines = [
        {name: "" if value in {math.inf, -math.inf} else value for name, value in flat.items()}
        for flat in (_flat(row) | about for row in comparison.rows)
    ]
    writer = csv.DictWriter(text, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


FORMATS: dict[str, Callable[[Comparison], str]] = {
    "json": render_json,
    "markdown": render_markdown,
    "csv": render_csv,
}


def _flat(row: VariantRow) -> dict[str, object]:
    flat: dict[str, object] = {
        "variant": row.variant,
        "finished": row.num_finished,
        "diverged": row.num_diverged,
    }
    difference = row.difference
    for metric in METRICS:
        flat |= _ends(metric, row.scores.get(metric))
        found = difference.by_metric.get(metric) if difference else None
        flat |= _ends(f"difference_{metric}", found)
    fields = (
        "verdict",
        "num_seeds",
        "significance",
        "p_value",
        "seeds_ahead",
        "sign_p_value",
        "seed_deviation",
        "sentence_deviation",
        "detectable",
        "seeds_needed",
    )
    flat |= {name: getattr(difference, name) if difference else None for name in fields}
    flat |= _ends("difference_at_equal_time", difference.at_equal_time if difference else None)
    cost = (
        "parameters",
        "training_seconds",
        "pairs_per_second",
        "sentences_per_second",
        "peak_memory_bytes",
    )
    return flat | {name: getattr(row, name) for name in cost}


def _ends(name: str, interval: tuple[float, float, float] | None) -> dict[str, float | None]:
    estimate, low, high = interval or (None, None, None)
    return {name: estimate, f"{name}_low": low, f"{name}_high": high}
