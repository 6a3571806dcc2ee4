"""Statements in words. The verdict fixes the wording; nothing stronger is ever said."""

from bench.comparison.comparison import Comparison, Difference, VariantRow


def answer(comparison: Comparison) -> list[str]:
    """Answer the question in a sentence per variant."""
    return [sentence(row, comparison) for row in comparison.rows if not row.is_baseline]


def sentence(row: VariantRow, comparison: Comparison) -> str:
    """Say how one variant compares with the baseline."""
    baseline, difference = comparison.baseline.variant, row.difference
    if difference is None:
        return f"{row.variant}: not comparable with {baseline}, no seed finished for both."
    bleu = difference.by_metric["bleu"]
    if difference.num_seeds < 2:
        return (
            f"{row.variant}: one seed is a smoke test, not a comparison "
            f"({bleu.estimate:+.2f} BLEU against {baseline})."
        )
    interval = f"{bleu.estimate:+.2f} BLEU [{bleu.low:+.2f}, {bleu.high:+.2f}]"
    opening = {
        "better": f"{row.variant} is better than {baseline}: {interval}",
        "worse": f"{row.variant} is worse than {baseline}: {interval}",
        "equivalent": (
            f"{row.variant} is equivalent to {baseline} "
            f"within ±{comparison.margin:g} BLEU: {interval}"
        ),
        "undetermined": f"undetermined whether {row.variant} differs from {baseline}: {interval}",
    }[difference.verdict]
    return f"{opening}, {difference.num_seeds} paired seeds.{_reach(difference)}"


def method(comparison: Comparison) -> str:
    """Say what the figures are."""
    sentences = [
        "BLEU, chrF and loss: mean over seeds on the test split with a 95 % interval; loss in "
        "nats per token.",
        "Δ: variant minus baseline, paired by seed.",
        f"The intervals cover the choice of seeds and of the {comparison.num_sentences:,} test "
        "sentences; those of Δ are corrected for the number of comparisons (Holm).",
        f"BLEU decides; within ±{comparison.margin:g} counts as equivalent.",
        "Detectable: smallest true difference found here with a power of 0.8; seeds needed: to "
        "find one as large as the one observed. Δ at equal training time: validation BLEU when "
        "the faster of the two had finished.",
    ]
    if len(comparison.looks) > 1:
        looks = ", ".join(map(str, comparison.looks))
        sentences.append(
            f"Seeds were added until the answer was known, with looks at {looks} seeds, each at "
            f"{comparison.significance:.1%} so that all together err in 5 %."
        )
    sentences.append(f"sacreBLEU {comparison.signature}.")
    return " ".join(sentences)


def _reach(difference: Difference) -> str:
    if difference.verdict in {"better", "worse"} or difference.detectable is None:
        return ""
    reach = f" So many seeds find a difference of {difference.detectable:.2f} BLEU"
    if difference.seeds_needed is None:
        return f"{reach}; for the one observed these test sentences do not suffice."
    return f"{reach}; the one observed would take {difference.seeds_needed}."
