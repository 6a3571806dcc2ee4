"""Text metrics: a function, its direction, its signature. A score without these is no result.

Every metric compares detokenised hypotheses with untouched references. Models that translate into
lower case are scored without regard to case, and the signature says so (`case:lc`).

A corpus's score is a function of counts added up over its sentences, its sufficient statistics.
sacreBLEU counts; the function is written out here for arrays, so that thousands of resampled
corpora are scored at once.

Shapes: M sentences, K counts per sentence; … any leading dimensions.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from bench.registry import Registry

Counts = NDArray[Any]  # whole numbers, in whatever format
Scores = NDArray[np.float64]
NGRAM_ORDER = 4
CHRF_BETA = 2


class Score(NamedTuple):
    """A figure and everything that could change it."""

    value: float
    signature: str
    brevity_penalty: float | None = None
    """Of BLEU, in [0, 1]: the factor by which short translations lose."""


@dataclass(frozen=True, slots=True)
class TextMetric:
    """A score of a whole corpus of translations."""

    implementation: type[BLEU] | type[CHRF]
    from_totals: Callable[[Counts], Scores]
    """Counts added up over a corpus, (…, K), to scores, (…)."""
    higher_is_better: bool

    def score(
        self, hypotheses: Sequence[str], references: Sequence[str], *, lowercase: bool
    ) -> Score:
        """Score translations against one reference each; `lowercase` lets case not count."""
        # sacreBLEU wants a list of reference *sets*, and quietly scores the first sentence alone
        # when given a plain list: hence one place that calls it, and lengths that must agree.
        _check(hypotheses, references)
        metric = self.implementation(lowercase=lowercase)
        found = metric.corpus_score(list(hypotheses), [list(references)])
        # Of perfect translations sacreBLEU's score is 100.00000000000004.
        return Score(
            min(found.score, 100.0), str(metric.get_signature()), getattr(found, "bp", None)
        )

    def statistics(
        self, runs: Iterable[Sequence[str]], references: Sequence[str], *, lowercase: bool
    ) -> list[Counts]:
        """Count in each sentence what the score of any corpus of them needs.

        Args:
            runs: each one's M translations of the same sentences.
            references: M.
            lowercase: whether case does not count.

        Returns:
            of each run, (M, K).
        """
        metric = self.implementation(lowercase=lowercase, references=[list(references)])
        counts = []
        for hypotheses in runs:
            _check(hypotheses, references)
            counted = metric._extract_corpus_statistics(list(hypotheses), None)
            counts.append(np.asarray(counted, dtype=np.int64))
        return counts


TEXT_METRICS: Registry[TextMetric] = Registry("metric")


def higher_is_better(score: str) -> bool:
    """Tell which way a score or a cost is sought; what is no text metric is sought low."""
    return score in TEXT_METRICS and TEXT_METRICS.get(score, where="metric").higher_is_better


def text_metric(
    implementation: type[BLEU] | type[CHRF], *, higher_is_better: bool
) -> Callable[[Callable[[Counts], Scores]], Callable[[Counts], Scores]]:
    """Decorate the function from totals to a score: it becomes a metric under its own name."""

    def register(from_totals: Callable[[Counts], Scores]) -> Callable[[Counts], Scores]:
        metric = TextMetric(implementation, from_totals, higher_is_better)
        TEXT_METRICS.register(from_totals.__name__)(metric)
        return from_totals

    return register


@text_metric(BLEU, higher_is_better=True)
def bleu(totals: Counts) -> Scores:
    """BLEU in [0, 100] by sacreBLEU (https://aclanthology.org/W18-6319), smoothing `exp`.

    Args:
        totals: tokens of hypotheses and of references, then n-grams that match and n-grams that
            there are, of one to four tokens, (…, 10).
    """
    length, wanted = totals[..., 0].astype(float), totals[..., 1].astype(float)
    matches = totals[..., 2 : 2 + NGRAM_ORDER].astype(float)
    ngrams = totals[..., 2 + NGRAM_ORDER :].astype(float)
    # An order without a match counts as half a match, the next one as a quarter, and so on.
    halvings = np.cumsum((matches == 0) & (ngrams > 0), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precisions = np.where(matches > 0, matches, 0.5**halvings) / ngrams
        score = np.minimum(100 * np.exp(np.log(precisions).mean(-1)), 100.0)
        score = np.where(length < wanted, score * np.exp(1 - wanted / length), score)
    return np.where((matches.sum(-1) == 0) | (ngrams.min(-1) == 0), 0.0, score)


@text_metric(CHRF, higher_is_better=True)
def chrf(totals: Counts) -> Scores:
    """Character n-gram F-score, chrF2, in [0, 100] (https://aclanthology.org/W15-3049).

    Args:
        totals: for each of the orders one to six: n-grams of hypotheses, of references, and those
            that match, (…, 18).
    """
    by_order = totals.reshape(*totals.shape[:-1], -1, 3).astype(float)
    ours, wanted, matches = by_order[..., 0], by_order[..., 1], by_order[..., 2]
    counts = (ours > 0) & (wanted > 0)
    orders = np.maximum(counts.sum(-1), 1)
    precision = (np.where(counts, matches, 0) / np.where(counts, ours, 1)).sum(-1) / orders
    recall = (np.where(counts, matches, 0) / np.where(counts, wanted, 1)).sum(-1) / orders
    weight = CHRF_BETA**2
    with np.errstate(invalid="ignore"):
        score = 100 * (1 + weight) * precision * recall / (weight * precision + recall)
    return np.where(precision + recall > 0, score, 0.0)


def _check(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references")
