"""Scores of the same translations on other draws of test sentences.

A test split is a sample of the sentences that might have been asked. Drawing as many of them with
replacement, thousands of times, and scoring every run on the same draws shows how much of a score
or of a difference is the choice of sentences (Koehn 2004, https://aclanthology.org/W04-3250).

Pairs that share a side are drawn together, as they were put into a split together: several
translations of one question are found hard or easy by the same model at the same time, and drawn
one by one they would pass for more evidence than they are (a cluster bootstrap, Davison & Hinkley
1997, section 3.8). On Tatoeba's questions differences then deviate 1.2 to 1.5 times as far.

Shapes: D draws, R runs, M sentences, G groups of them, K counts per sentence or group.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import SentencePair
from bench.data.splitting import connected_groups
from bench.evaluation.metrics import TEXT_METRICS
from bench.seeding import stream_seed
from bench.tracking.result import RunResult

NUM_DRAWS = 10_000
DRAWS_AT_A_TIME = 1_000
LOSS = "loss"
METRICS = (*TEXT_METRICS, LOSS)

Array = NDArray[Any]


class Draws(NamedTuple):
    """What came of them."""

    scores: Mapping[str, Mapping[str, NDArray[np.float64]]]
    """Of a run over the draws, (D,): by metric, then by the run's identity."""
    num_groups: int
    """G."""


def resample(
    runs: Sequence[RunResult],
    pairs: Sequence[SentencePair],
    *,
    lowercase: bool,
    num_draws: int = NUM_DRAWS,
) -> Draws:
    """Score recorded translations on draws of the test sentences, the same for every run.

    Args:
        runs: finished ones, each with an entry per sentence.
        pairs: of the test split, in its order.
        lowercase: whether case does not count.
        num_draws: D.
    """
    references = [pair.target for pair in pairs]
    groups = _numbered(connected_groups(pairs))
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
        by_group = [_added_up(each, groups) for each in counts]
        scores = score_draws(by_group, from_totals, num_draws=num_draws) if runs else np.empty(0)
        draws[metric] = dict(zip(distinct, scores.T, strict=True))
    return Draws(draws, num_groups=len(set(groups)))


def _numbered(names: Iterable[str]) -> list[int]:
    """Number names from 0 in the order in which they first come."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(name, len(numbers)) for name in names]


def _added_up(counts: Array, groups: Sequence[int]) -> Array:
    """Add up the counts of each group's sentences, (M, K) to (G, K)."""
    totals = np.zeros((max(groups) + 1, counts.shape[1]), dtype=counts.dtype)
    np.add.at(totals, groups, counts)
    return totals


def score_draws(
    counts: Sequence[Array], from_totals: Callable[[Any], Array], *, num_draws: int
) -> NDArray[np.float64]:
    """Score runs on the same random draws of groups, (D, R).

    Args:
        counts: of each run, (G, K).
        from_totals: from counts added up, (…, K), to scores, (…).
        num_draws: D.
    """
    rng = np.random.default_rng(stream_seed(0, "test sentences"))
    num_groups, num_counts = counts[0].shape
    flat = np.concatenate(counts, axis=1).astype(np.float32)  # (G, R·K)
    found = []
    for start in range(0, num_draws, DRAWS_AT_A_TIME):
        size = min(DRAWS_AT_A_TIME, num_draws - start)
        # Totals of a test split stay far below 2^24, up to where float32 counts exactly.
        totals = draw_weights(rng, size, num_groups) @ flat
        found.append(from_totals(totals.reshape(size, len(counts), num_counts)))
    return np.concatenate(found).astype(np.float64)


def draw_weights(rng: np.random.Generator, num_draws: int, num_groups: int) -> NDArray[np.float32]:
    """Draw with replacement: how often each group is in each draw, (D, G)."""
    drawn = rng.integers(num_groups, size=(num_draws, num_groups), dtype=np.int64)
    drawn += np.arange(num_draws)[:, None] * num_groups
    weights = np.bincount(drawn.ravel(), minlength=num_draws * num_groups)
    return weights.reshape(num_draws, num_groups).astype(np.float32)


def _loss_counts(run: RunResult) -> Array:
    return np.column_stack([run.sentence_losses, run.sentence_tokens])


def _loss(totals: Array) -> Array:
    """Nats per token, from nats and tokens added up, (…, 2)."""
    quotient: Array = totals[..., 0] / totals[..., 1]
    return quotient
