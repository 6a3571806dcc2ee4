"""Results to an answer: each variant's scores, and its differences to the baseline."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import fmean
from types import MappingProxyType

import numpy as np

from bench.comparison.comparison import Comparison, Difference, VariantRow
from bench.comparison.equal_time import differences_at_equal_time
from bench.comparison.looks import significance_per_look
from bench.comparison.resampling import LOSS, METRICS, Draws
from bench.comparison.statistics import (
    Estimate,
    Interval,
    estimate,
    holm,
    judge,
    sign_test,
)
from bench.errors import BenchError
from bench.tracking.result import RunResult

DECISIVE = "bleu"


def compare(  # noqa: PLR0913 - what was found, and by which rules it is judged
    question: str,
    results: Mapping[str, Sequence[RunResult]],
    draws: Draws,
    *,
    baseline: str,
    margin: float,
    looks: Sequence[int] = (),
    target_vocabularies: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Comparison:
    """Compare every variant with the baseline, paired by seed.

    Args:
        question: what is asked.
        results: the runs of each variant, whatever came of them.
        draws: scores of the finished runs on draws of the test sentences.
        baseline: the variant that the others are compared with.
        margin: of equivalence, in BLEU.
        looks: numbers of seeds at which the answer was to be looked at, if at several.
        target_vocabularies: by variant; losses are compared where they are the same.

    Raises:
        BenchError: for scores of different signatures.
    """
    significance = significance_per_look(tuple(looks) or (2,))
    everything = [run for runs in results.values() for run in _finished(runs)]
    signatures = {run.signatures[DECISIVE] for run in everything}
    if len(signatures) > 1:
        raise BenchError(f"BLEU of different kinds cannot be compared: {', '.join(signatures)}")
    same_vocabulary = {
        name
        for name in results
        if target_vocabularies.get(name) == target_vocabularies.get(baseline)
    }
    differences = _differences(
        results,
        draws,
        baseline,
        margin=margin,
        significance=significance,
        same_vocabulary=same_vocabulary,
    )
    return Comparison(
        question=question,
        rows=[
            _row(name, runs, draws, differences.get(name), is_baseline=name == baseline)
            for name, runs in results.items()
        ],
        margin=margin,
        num_sentences=len(everything[0].sentence_tokens) if everything else 0,
        num_groups=draws.num_groups,
        looks=tuple(looks),
        significance=significance,
        signature=next(iter(signatures), ""),
        computed_on=_computed_on(results),
        clocks=sorted({run.clock for run in everything}),
    )


def _computed_on(results: Mapping[str, Sequence[RunResult]]) -> list[str]:
    """Name the devices, with number formats where one variant's runs differ in them.

    A format that differs between variants only is a part of what is compared.
    """
    mixed = any(len({run.precision for run in runs}) > 1 for runs in results.values())
    everything = (run for runs in results.values() for run in runs)
    return sorted(
        {f"{run.device} in {run.precision}" if mixed else run.device for run in everything}
    )


def _finished(runs: Sequence[RunResult]) -> list[RunResult]:
    return [run for run in runs if run.outcome == "finished"]


def _row(
    variant: str,
    runs: Sequence[RunResult],
    draws: Draws,
    difference: Difference | None,
    *,
    is_baseline: bool,
) -> VariantRow:
    finished = _finished(runs)
    return VariantRow(
        variant=variant,
        is_baseline=is_baseline,
        num_finished=len(finished),
        num_diverged=len(runs) - len(finished),
        scores={metric: _possible(_score(finished, draws, metric), metric) for metric in METRICS}
        if finished
        else {},
        parameters=runs[0].parameters if runs else None,
        training_seconds=_mean(run.training_seconds for run in finished),
        pairs_per_second=_mean(run.pairs_per_second for run in finished),
        sentences_per_second=_mean(run.test["sentences_per_second"] for run in finished),
        peak_memory_bytes=max((run.peak_memory_bytes for run in finished), default=None),
        difference=difference,
    )


def _mean(costs: Iterable[float]) -> float | None:
    return fmean(found) if (found := list(costs)) else None


def _possible(score: Estimate, metric: str) -> Interval:
    """Return the interval of a score, as far as there are such scores."""
    found, most = score.interval(), math.inf if metric == LOSS else 100.0
    if score.num_seeds < 2:
        return found
    return Interval(*(min(max(0.0, end), most) for end in found))


def _score(runs: Sequence[RunResult], draws: Draws, metric: str) -> Estimate:
    return estimate(
        [run.test[metric] for run in runs],
        np.column_stack([draws.scores[metric][run.identity] for run in runs]),
        num_groups=draws.num_groups,
    )


def _differences(
    results: Mapping[str, Sequence[RunResult]],
    draws: Draws,
    baseline: str,
    *,
    margin: float,
    significance: float,
    same_vocabulary: Collection[str],
) -> dict[str, Difference]:
    """Return each variant's difference to the baseline, corrected together by Holm's rule."""
    finished = {name: _finished(runs) for name, runs in results.items()}
    pairs = {
        name: _pair(runs, finished[baseline]) for name, runs in finished.items() if name != baseline
    }
    pairs = {name: pair for name, pair in pairs.items() if pair}
    estimates: dict[str, dict[str, Estimate]] = {name: {} for name in pairs}
    intervals: dict[str, dict[str, Interval]] = {name: {} for name in pairs}
    shares: dict[str, float] = {}
    for metric in METRICS:
        found = {
            name: _paired(pair, draws, metric)
            for name, pair in pairs.items()
            if metric != LOSS or (name in same_vocabulary and _same_tokens(pair))
        }
        compared = [name for name in found if not _same_runs(pairs[name])]
        p_values = [found[name].p_value() for name in compared]
        corrected = dict(zip(compared, holm(p_values, significance=significance), strict=True))
        for name, each in found.items():
            share = corrected.get(name, significance)
            estimates[name][metric] = each
            intervals[name][metric] = each.interval(significance=share)
            if metric == DECISIVE:
                shares[name] = share
    return {
        name: _difference(
            estimates[name][DECISIVE],
            intervals[name],
            pair,
            share=shares[name],
            margin=margin,
            lost=_lost(results[name], results[baseline]),
        )
        for name, pair in pairs.items()
    }


def _lost(runs: Sequence[RunResult], baseline: Sequence[RunResult]) -> int:
    """Count by how many more runs a variant diverged than the baseline, of the seeds of both."""
    seeds = {run.seed for run in runs} & {run.seed for run in baseline}
    ours, theirs = (
        sum(run.seed in seeds and run.outcome != "finished" for run in some)
        for some in (runs, baseline)
    )
    return ours - theirs


Pair = tuple[RunResult, RunResult]
"""A variant's run and the baseline's of the same seed."""


def _pair(runs: Sequence[RunResult], baseline: Sequence[RunResult]) -> list[Pair]:
    others = {run.seed: run for run in baseline}
    return [(run, others[run.seed]) for run in runs if run.seed in others]


def _same_runs(pairs: Sequence[Pair]) -> bool:
    """Tell whether a variant is the baseline under another name, which is no comparison."""
    return all(run.identity == other.identity for run, other in pairs)


def _same_tokens(pairs: Sequence[Pair]) -> bool:
    """Tell whether both count the same tokens: nats per token mean the same only then."""
    return all(run.sentence_tokens == other.sentence_tokens for run, other in pairs)


def _paired(pairs: Sequence[Pair], draws: Draws, metric: str) -> Estimate:
    return estimate(
        [run.test[metric] - other.test[metric] for run, other in pairs],
        np.column_stack(
            [
                draws.scores[metric][run.identity] - draws.scores[metric][other.identity]
                for run, other in pairs
            ]
        ),
        num_groups=draws.num_groups,
    )


def _difference(
    bleu: Estimate,
    by_metric: Mapping[str, Interval],
    pairs: Sequence[Pair],
    *,
    share: float,
    margin: float,
    lost: int,
) -> Difference:
    at_equal_time = differences_at_equal_time(*zip(*pairs, strict=True))
    ahead = [run.test[DECISIVE] > other.test[DECISIVE] for run, other in pairs]
    unequal = [run.test[DECISIVE] != other.test[DECISIVE] for run, other in pairs]
    return Difference(
        by_metric=by_metric,
        verdict="same runs"
        if _same_runs(pairs)
        else judge(by_metric[DECISIVE], margin=margin, lost=lost),
        lost=lost,
        significance=share,
        p_value=bleu.p_value(),
        num_seeds=bleu.num_seeds,
        seeds_ahead=sum(ahead),
        sign_p_value=sign_test(sum(ahead), sum(unequal)),
        seed_deviation=bleu.seed_variance**0.5 if bleu.num_seeds > 1 else None,
        sentence_deviation=bleu.sentence_variance**0.5,
        detectable=bleu.detectable(significance=share),
        seeds_needed=bleu.seeds_needed(significance=share),
        at_equal_time=estimate(at_equal_time, np.zeros((1, len(pairs))), num_groups=1).interval(),
    )
