"""Statements in words. The verdict fixes the wording; nothing stronger is ever said."""

from bench.comparison.comparison import Comparison, Difference, VariantRow


def answer(comparison: Comparison) -> list[str]:
    """Answer the question in a sentence per variant."""
    baseline = next(row for row in comparison.rows if row.is_baseline)
    return [sentence(row, baseline, comparison) for row in comparison.rows if not row.is_baseline]


def sentence(row: VariantRow, baseline: VariantRow, comparison: Comparison) -> str:
    """Say how one variant compares with the baseline."""
    difference = row.difference
    if difference is None:
        return f"{row.variant}: not comparable with {baseline.variant}, no seed finished for both."
    if difference.num_seeds < 2:
        return (
            f"{row.variant}: one seed is a smoke test, not a comparison "
            f"({difference.bleu.estimate:+.2f} BLEU against {baseline.variant})."
        )
    interval = (
        f"{difference.bleu.estimate:+.2f} BLEU "
        f"[{difference.bleu.low:+.2f}, {difference.bleu.high:+.2f}]"
    )
    opening = {
        "better": f"{row.variant} is better than {baseline.variant}: {interval}",
        "worse": f"{row.variant} is worse than {baseline.variant}: {interval}",
        "equivalent": (
            f"{row.variant} is equivalent to {baseline.variant} "
            f"within ±{comparison.margin:g} BLEU: {interval}"
        ),
        "undetermined": (
            f"undetermined whether {row.variant} differs from {baseline.variant}: {interval}"
        ),
    }[difference.verdict]
    return f"{opening}, {difference.num_seeds} paired seeds.{_reach(difference)}"


def _reach(difference: Difference) -> str:
    if difference.verdict in {"better", "worse"} or difference.detectable is None:
        return ""
    reach = f" So many seeds find a difference of {difference.detectable:.2f} BLEU"
    if difference.seeds_needed is None:
        return f"{reach}; the one observed is too small for 1,000."
    return f"{reach}; the one observed would take {difference.seeds_needed}."
