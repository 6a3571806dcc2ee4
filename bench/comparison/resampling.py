"""Scores of the same translations on other draws of test sentences.

A test split is a sample of the sentences that might have been asked. Drawing as many of them with
replacement, thousands of times, and scoring every run on the same draws shows how much of a score
or of a difference is the choice of sentences (Koehn 2004, https://aclanthology.org/W04-3250).

Shapes: D draws, R runs, M sentences, K counts per sentence.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.metrics import TEXT_METRICS
from bench.seeding import stream_seed
from bench.tracking.result import RunResult

NUM_DRAWS = 10_000
DRAWS_AT_A_TIME = 1_000
LOSS = "loss"
METRICS = (*TEXT_METRICS, LOSS)

Array = NDArray[Any]
Draws = Mapping[str, Mapping[str, NDArray[np.float64]]]
"""Scores of a run over the draws, (D,): by metric, then by the run's identity."""


def resample(
    runs: Sequence[RunResult],
    references: Sequence[str],
    *,
    lowercase: bool,
    num_draws: int = NUM_DRAWS,
) -> Draws:
    """Score recorded translations on draws of the test sentences, the same for every run.

    Args:
        runs: finished ones, each with an entry per sentence.
        references: of the test split, in its order.
        lowercase: whether case does not count.
        num_draws: D.
    """
    draws = {}
    distinct = {run.identity: run for run in runs}
    for metric in METRICS:
        if metric == LOSS:
            counts = [_loss_counts(run) for run in distinct.values()]
            from_totals: Callable[[Any], Array] = _loss
        else:
            text = TEXT_METRICS.get(metric, where="comparison")
            translations = [run.hypotheses for run in distinct.values()]
            counts = text.statistics(translations, references, lowercase=lowercase)
            from_totals = text.from_totals
        scores = score_draws(counts, from_totals, num_draws=num_draws) if counts else np.empty(0)
        draws[metric] = dict(zip(distinct, scores.T, strict=True))
    return draws


def score_draws(
    counts: Sequence[Array], from_totals: Callable[[Any], Array], *, num_draws: int
) -> NDArray[np.float64]:
    """Score runs on the same random draws of sentences, (D, R).

    Args:
        counts: of each run, (M, K).
        from_totals: from counts added up, (…, K), to scores, (…).
        num_draws: D.
    """
    rng = np.random.default_rng(stream_seed(0, "test sentences"))
    num_sentences, num_counts = counts[0].shape
    flat = np.concatenate(counts, axis=1).astype(np.float32)  # (M, R·K)
    found = []
    for start in range(0, num_draws, DRAWS_AT_A_TIME):
        size = min(DRAWS_AT_A_TIME, num_draws - start)
        # Totals of a test split stay far below 2^24, up to where float32 counts exactly.
        totals = draw_weights(rng, size, num_sentences) @ flat
        found.append(from_totals(totals.reshape(size, len(counts), num_counts)))
    return np.concatenate(found).astype(np.float64)


def draw_weights(
    rng: np.random.Generator, num_draws: int, num_sentences: int
) -> NDArray[np.float32]:
    """Draw with replacement: how often each sentence is in each draw, (D, M)."""
    drawn = rng.integers(num_sentences, size=(num_draws, num_sentences), dtype=np.int64)
    drawn += np.arange(num_draws)[:, None] * num_sentences
    weights = np.bincount(drawn.ravel(), minlength=num_draws * num_sentences)
    return weights.reshape(num_draws, num_sentences).astype(np.float32)


def _loss_counts(run: RunResult) -> Array:
    return np.column_stack([run.sentence_losses, run.sentence_tokens])


def _loss(totals: Array) -> Array:
    """Nats per token, from nats and tokens added up, (…, 2)."""
    quotient: Array = totals[..., 0] / totals[..., 1]
    return quotient
