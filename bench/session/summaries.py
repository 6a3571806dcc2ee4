"""Variants' parent runs in MLflow, written from a comparison."""

import math
from collections.abc import Mapping

from bench.comparison.comparison import Comparison, VariantRow
from bench.comparison.wording import sentence
from bench.report.figures.drawing import standalone
from bench.report.search_sections import build_plots, finalist_figures, format_settings
from bench.search.record import SearchRecord
from bench.search.study import VariantStudy
from bench.session.session import Session
from bench.tracking.colours import variant_colours
from bench.tracking.result import RunResult
from bench.tracking.tracker import StudySummary, VariantSummary


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


def summarise_studies(
    session: Session, record: SearchRecord, retrials: Mapping[str, VariantStudy]
) -> None:
    """Write the parent run of every study, with the plots of the whole search."""
    colours = variant_colours(session.experiment.variants)
    plots = {figure.name: standalone(figure.svg) for figure in build_plots(record, colours)}
    for variant, study in record.studies.items():
        best = study.front or [trial.number for trial in study.top(1)]
        winner = record.winner(variant)
        metric = record.config.metric
        searched, fresh, gap = finalist_figures(winner, metric)
        figures = {
            f"search/{state}": float(study.count(state))
            for state in ("complete", "pruned", "failed")
        }
        figures |= {
            f"search/best_{metric}": study.top(1)[0].values[0],
            f"search/fresh_{metric}": winner.fresh_mean,
            f"search/gap_{metric}": winner.gap,
        }
        session.tracker.summarise_study(
            StudySummary(
                group=study.group,
                colour=colours[variant],
                best=[trial.identity for trial in study.complete if trial.number in best],
                note=f"Winner of {len(study.trials)} trials: #{winner.trial.number}, validation "
                f"{metric} {searched} in the search, {fresh} with fresh seeds (gap {gap}): "
                f"{format_settings(winner.trial.settings)}.",
                figures=figures,
                plots=plots,
            )
        )
    for variant, again in retrials.items():
        session.tracker.summarise_study(
            StudySummary(
                group=again.group,
                colour=colours[variant],
                best=(),
                note=f"The best trials of {record.studies[variant].name}, with fresh seeds.",
                figures={},
                plots={},
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
