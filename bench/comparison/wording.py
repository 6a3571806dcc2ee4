"""Statements in words. The verdict fixes the wording; nothing stronger is ever said."""

import math
from collections.abc import Sequence

from bench.comparison.comparison import Comparison, Difference, VariantRow
from bench.comparison.scorecard import PublishedEffect
from bench.comparison.statistics import judge


def answer(comparison: Comparison) -> list[str]:
    """Answer the question in a sentence per variant."""
    return [sentence(row, comparison) for row in comparison.rows if not row.is_baseline]


def sentence(row: VariantRow, comparison: Comparison) -> str:
    """Say how one variant compares with the baseline."""
    baseline, difference = comparison.baseline.variant, row.difference
    if difference is None:
        apart = f"{row.variant}: not comparable with {baseline}, no seed finished for both."
        return apart + _diverged(row) + _diverged(comparison.baseline)
    if difference.verdict == "same runs":
        return f"{row.variant} and {baseline} have the same settings: they are the same runs."
    bleu = difference.by_metric["bleu"]
    diverged = _diverged(row) + _diverged(comparison.baseline)
    if difference.num_seeds < 2:
        return (
            f"{row.variant}: one seed is a smoke test, not a comparison "
            f"({bleu.estimate:+z.2f} BLEU against {baseline}).{diverged}"
        )
    interval = f"{bleu.estimate:+z.2f} BLEU [{bleu.low:+.2f}, {bleu.high:+.2f}]"
    opening = {
        "better": f"{row.variant} is better than {baseline}: {interval}",
        "worse": f"{row.variant} is worse than {baseline}: {interval}",
        "equivalent": (
            f"{row.variant} is equivalent to {baseline} "
            f"within ±{comparison.margin:g} BLEU: {interval}"
        ),
        "undetermined": f"undetermined whether {row.variant} differs from {baseline}: {interval}",
    }[difference.verdict]
    counted = f"{opening}, {difference.num_seeds} paired seeds."
    if comparison.has_learnt_little(row):
        counted += " Both have learnt next to nothing yet, so this says little."
    spoken = judge(bleu, margin=comparison.margin)
    if spoken != difference.verdict:
        loser = row if difference.lost > 0 else comparison.baseline
        return (
            f"{counted} On the seeds that both finished {row.variant} is {spoken}, but "
            f"{loser.variant} lost more runs.{diverged}"
        )
    return counted + _reach(difference) + diverged


def published(scores: Sequence[PublishedEffect]) -> list[str]:
    """Say what others found, and how ours compares, where there are seeds to compare."""
    return [
        f"Published of {score.expected.variant}: {score.published}; ours: {score.agreement}. "
        f"{score.expected.source}"
        for score in scores
        if score.ours is not None and math.isfinite(score.ours.low)
    ]


def method(comparison: Comparison) -> str:
    """Say what the figures are."""
    if not comparison.signature:
        return "No run has come to a score."
    sentences = [
        "BLEU, chrF and loss: mean over seeds on the test split, BLEU with a 95 % interval; loss "
        "in nats per token.",
        "Δ: variant minus baseline, paired by seed.",
        f"The intervals cover the choice of seeds and of the {comparison.num_sentences:,} test "
        f"sentences{_groups(comparison)}. Those of Δ are corrected by Holm's rule: all comparisons "
        f"together have an error of {100 * comparison.significance:.3g} %, each interval stands at "
        "its own share of it, and excludes zero exactly where the rule finds a difference.",
        "Where seeds scatter by less than the choice of sentences alone explains, the latter is "
        "used in place of their deviation.",
        f"BLEU decides; within ±{comparison.margin:g} counts as equivalent.",
        "Detectable: smallest true difference found here with a power of 0.8; seeds needed: to "
        "find one as large as the one observed. Δ at equal training time: validation BLEU when "
        "the faster of the two had finished, by seeds alone, not corrected.",
    ]
    if len(comparison.looks) > 1:
        looks = ", ".join(map(str, comparison.looks))
        sentences.append(
            f"Seeds were added to an answer that had been seen, or were to be: with looks at "
            f"{looks} seeds, each at {100 * comparison.significance:.3g} %. All together err in "
            "about 5 % if they were planned so, in up to 11 % if the first was to be the only one."
        )
    if len(comparison.computed_on) > 1:
        sentences.append(
            f"Runs were computed on {'; '.join(comparison.computed_on)}: their seconds, and what "
            "is said at equal training time, cannot be compared."
        )
    if comparison.clocks == ["processor"]:
        sentences.append(
            "Seconds are what a run's thread had of the processor, which hardly depends on what "
            "ran beside it."
        )
    elif len(comparison.clocks) > 1:
        sentences.append(
            "Some runs' seconds are of the processor, others' by the clock on the wall, which "
            "counts what ran beside them too: they, and what is said at equal training time, "
            "cannot be compared."
        )
    sentences.append(f"sacreBLEU {comparison.signature}.")
    return " ".join(sentences)


def _groups(comparison: Comparison) -> str:
    if comparison.num_groups == comparison.num_sentences:
        return ""
    if not comparison.num_groups:  # a page from before they were
        return ", drawn one by one, which makes too little of their choice where some share a side"
    return f", drawn in {comparison.num_groups:,} groups of those that share a side"


def _reach(difference: Difference) -> str:
    if difference.verdict in {"better", "worse"} or difference.detectable is None:
        return ""
    reach = (
        f" So many seeds find a difference of {difference.detectable:.2f} BLEU with a power of 0.8"
    )
    if difference.verdict == "equivalent" or difference.by_metric["bleu"].estimate == 0:
        return f"{reach}."
    if difference.seeds_needed is None:
        return f"{reach}; no number up to 1,000 would show one as large as the observed."
    return (
        f"{reach}; to show one as large as the observed would take {difference.seeds_needed} seeds."
    )


def _diverged(row: VariantRow) -> str:
    """Say how many runs of a variant came to nothing."""
    if not row.num_diverged:
        return ""
    runs = row.num_finished + row.num_diverged
    return f" {row.num_diverged} of {runs} runs of {row.variant} diverged."
