"""Results to statements: each variant's score, and its difference to the baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from bench.comparison.statistics import (
    Interval,
    Verdict,
    corrected_confidence,
    detectable_difference,
    judge,
    mean_interval,
    seeds_needed,
)
from bench.tracking.result import RunResult

DECISIVE = "bleu"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A variant against the baseline, on the seeds that both finished."""

    bleu: Interval
    """Variant minus baseline; corrected for the number of comparisons."""
    verdict: Verdict
    num_seeds: int
    detectable: float | None
    """Smallest true difference that so many seeds find with a power of 0.8; None below two."""
    seeds_needed: int | None
    """Seeds that would find a true difference of the observed size; None: not within 1,000."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantRow:
    """One variant over its seeds."""

    variant: str
    is_baseline: bool
    num_finished: int
    num_diverged: int
    bleu: Interval | None
    """Mean over seeds with a 95 % interval; None if no run finished."""
    chrf: float | None
    loss: float | None
    parameters: int
    training_seconds: float
    pairs_per_second: float
    sentences_per_second: float | None
    difference: Difference | None
    """None for the baseline, and where nothing can be paired."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The answer, as numbers."""

    question: str
    rows: Sequence[VariantRow]
    margin: float
    """Differences in BLEU within ± this count as none."""
    confidence: float
    """Of each difference's interval, so that all of them hold together with 95 %."""
    signature: str
    """Of the BLEU scores."""


def compare(
    question: str,
    results: Mapping[str, Sequence[RunResult]],
    *,
    baseline: str,
    margin: float,
) -> Comparison:
    """Compare every variant with the baseline, paired by seed.

    Args:
        question: what is asked.
        results: the runs of each variant, whatever came of them.
        baseline: the variant that the others are compared with.
        margin: of equivalence, in BLEU.
    """
    confidence = corrected_confidence(max(1, len(results) - 1))
    rows = [
        _row(
            variant,
            runs,
            difference=None
            if variant == baseline
            else _difference(runs, results[baseline], margin=margin, confidence=confidence),
            is_baseline=variant == baseline,
        )
        for variant, runs in results.items()
    ]
    signatures = {run.signatures[DECISIVE] for runs in results.values() for run in _finished(runs)}
    return Comparison(
        question=question,
        rows=rows,
        margin=margin,
        confidence=confidence,
        signature=" / ".join(sorted(signatures)),
    )


def _finished(runs: Sequence[RunResult]) -> list[RunResult]:
    return [run for run in runs if run.outcome == "finished"]


def _row(
    variant: str, runs: Sequence[RunResult], *, difference: Difference | None, is_baseline: bool
) -> VariantRow:
    finished = _finished(runs)
    return VariantRow(
        variant=variant,
        is_baseline=is_baseline,
        num_finished=len(finished),
        num_diverged=len(runs) - len(finished),
        bleu=mean_interval([run.test[DECISIVE] for run in finished]) if finished else None,
        chrf=_mean(finished, "chrf"),
        loss=_mean(finished, "loss"),
        parameters=runs[0].parameters if runs else 0,
        training_seconds=fmean(run.training_seconds for run in finished) if finished else 0.0,
        pairs_per_second=fmean(run.pairs_per_second for run in finished) if finished else 0.0,
        sentences_per_second=_mean(finished, "sentences_per_second"),
        difference=difference,
    )


def _mean(runs: Sequence[RunResult], metric: str) -> float | None:
    return fmean(run.test[metric] for run in runs) if runs else None


def _difference(
    runs: Sequence[RunResult],
    baseline: Sequence[RunResult],
    *,
    margin: float,
    confidence: float,
) -> Difference | None:
    scores = {run.seed: run.test[DECISIVE] for run in _finished(runs)}
    others = {run.seed: run.test[DECISIVE] for run in _finished(baseline)}
    differences = [scores[seed] - others[seed] for seed in sorted(scores.keys() & others.keys())]
    if not differences:
        return None
    interval = mean_interval(differences, confidence=confidence)
    if len(differences) < 2:
        return Difference(
            bleu=interval,
            verdict="undetermined",
            num_seeds=1,
            detectable=None,
            seeds_needed=None,
        )
    deviation = stdev(differences)
    return Difference(
        bleu=interval,
        verdict=judge(interval, margin=margin),
        num_seeds=len(differences),
        detectable=detectable_difference(
            deviation, num_seeds=len(differences), confidence=confidence
        ),
        seeds_needed=seeds_needed(interval.estimate, deviation, confidence=confidence),
    )
