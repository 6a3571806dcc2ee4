"""BLEU of short and of long sentences: what attention is for shows here."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from bench.data.corpus import SentencePair
from bench.evaluation.metrics import TEXT_METRICS
from bench.tracking.result import RunResult

BOUNDS = (5, 8, 12, 20)
"""Longest French sentence of each class, in words between blanks; the last class has no bound."""
MIN_SENTENCES = 20
"""A class with fewer sentences gives no figure: it would be noise."""


class LengthClass(NamedTuple):
    """One class of sentences and the mean BLEU over seeds that each variant has on it."""

    label: str
    num_sentences: int
    bleu: Mapping[str, float]


def bleu_by_length(
    results: Mapping[str, Sequence[RunResult]],
    pairs: Sequence[SentencePair],
    *,
    lowercase: bool,
) -> list[LengthClass]:
    """Score the recorded translations of the test split, class by class.

    Args:
        results: by variant.
        pairs: the test split, in its order.
        lowercase: whether case does not count.
    """
    bleu = TEXT_METRICS.get("bleu", where="report").score
    lengths = [len(pair.source.split()) for pair in pairs]
    classes = []
    for low, high in zip((0, *BOUNDS), (*BOUNDS, max(lengths)), strict=True):
        places = [place for place, length in enumerate(lengths) if low < length <= high]
        if len(places) < MIN_SENTENCES:
            continue
        references = [pairs[place].target for place in places]
        scores = {
            variant: fmean(
                bleu(
                    [run.hypotheses[place] for place in places], references, lowercase=lowercase
                ).value
                for run in runs
                if run.hypotheses
            )
            for variant, runs in results.items()
            if any(run.hypotheses for run in runs)
        }
        label = f"over {low}" if low == BOUNDS[-1] else f"{low + 1}–{high}"
        classes.append(LengthClass(label, len(places), scores))
    return classes
