"""Test sentences on which the variants differ most: there a difference can be read."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bench.data.corpus import SentencePair
from bench.evaluation.metrics import TEXT_METRICS
from bench.tracking.result import RunResult

NUM_SAMPLES = 6


class DifferingSample(NamedTuple):
    """A test sentence and what each variant makes of it."""

    source: str
    reference: str
    translations: Mapping[str, str]


def differing_samples(
    results: Mapping[str, Sequence[RunResult]],
    pairs: Sequence[SentencePair],
    *,
    lowercase: bool,
) -> list[DifferingSample]:
    """Choose sentences by the range of chrF over the variants, in one run of each.

    Args:
        results: by variant.
        pairs: the test split, in its order.
        lowercase: whether case does not count.
    """
    first = {
        name: next(run for run in runs if run.hypotheses)
        for name, runs in results.items()
        if any(run.hypotheses for run in runs)
    }
    if not first:
        return []
    chrf = TEXT_METRICS.get("chrf", where="report")
    references = [pair.target for pair in pairs]
    translations = [run.hypotheses for run in first.values()]
    counts = chrf.statistics(translations, references, lowercase=lowercase)
    scores = chrf.from_totals(np.array(counts))  # (variants, sentences)
    places = np.argsort(-np.ptp(scores, axis=0), kind="stable")[:NUM_SAMPLES]
    return [
        DifferingSample(
            pairs[place].source,
            pairs[place].target,
            {name: run.hypotheses[place] for name, run in first.items()},
        )
        for place in places
    ]
