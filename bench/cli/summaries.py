"""Variants' parent runs in MLflow, written from a comparison."""

from collections.abc import Mapping

from bench.cli.session import Session
from bench.comparison.comparison import Comparison
from bench.comparison.wording import sentence
from bench.tracking.colours import variant_colours
from bench.tracking.result import RunResult
from bench.tracking.tracker import VariantSummary


def summarise(session: Session, results: Mapping[str, RunResult], comparison: Comparison) -> None:
    """Write every variant's summary: its mean curves and its sentence in the answer."""
    baseline = next(row for row in comparison.rows if row.is_baseline)
    colours = variant_colours(session.experiment.variants)
    for row in comparison.rows:
        specs = [spec for spec in session.specs if spec.variant == row.variant]
        runs = [results[spec.identity] for spec in specs if spec.identity in results]
        if not runs:
            continue
        note = "The baseline." if row.is_baseline else sentence(row, baseline, comparison)
        session.tracker.summarise(
            VariantSummary(
                variant=row.variant,
                group=specs[0].group,
                colour=colours[row.variant],
                runs=runs,
                note=note,
            )
        )
