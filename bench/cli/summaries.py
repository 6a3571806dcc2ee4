"""Variants' parent runs in MLflow, written from a comparison."""

import math
from collections.abc import Mapping

from bench.cli.session import Session
from bench.comparison.comparison import Comparison, VariantRow
from bench.comparison.wording import sentence
from bench.tracking.colours import variant_colours
from bench.tracking.result import RunResult
from bench.tracking.tracker import VariantSummary


def summarise(session: Session, results: Mapping[str, RunResult], comparison: Comparison) -> None:
    """Write every variant's summary: its mean curves and its sentence in the answer."""
    colours = variant_colours(session.experiment.variants)
    for row in comparison.rows:
        specs = [spec for spec in session.specs if spec.variant == row.variant]
        runs = [results[spec.identity] for spec in specs if spec.identity in results]
        if not runs:
            continue
        note = "The baseline." if row.is_baseline else sentence(row, comparison)
        session.tracker.summarise(
            VariantSummary(
                variant=row.variant,
                group=specs[0].group,
                colour=colours[row.variant],
                runs=runs,
                note=note,
                figures=_figures(row),
                verdict=row.difference.verdict if row.difference else "",
            )
        )


def _figures(row: VariantRow) -> dict[str, float]:
    """Return a difference's estimate and interval by metric, and what could be detected."""
    if row.difference is None:
        return {}
    figures: dict[str, float] = {}
    for metric, interval in row.difference.by_metric.items():
        ends = {"": interval.estimate, "_low": interval.low, "_high": interval.high}
        figures |= {f"difference/{metric}{end}": value for end, value in ends.items()}
    if row.difference.detectable is not None:
        figures["difference/detectable_bleu"] = row.difference.detectable
    return {name: value for name, value in figures.items() if math.isfinite(value)}
