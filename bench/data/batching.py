"""Batches of sentences of like length, in an order fixed by the seed and the epoch.

Shapes: B sentence pairs, S source tokens, T target tokens, end tokens counted.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bench.data.prepared import EncodedSplit, FlatSentences
from bench.data.vocabulary import BOS_ID, PAD_ID
from bench.seeding import stream_seed

# Sentences are sorted by length within chunks of so many batches: hardly any padding is left,
# and which sentences meet in a batch still changes from epoch to epoch.
BATCHES_PER_CHUNK = 50


class Batch(NamedTuple):
    """Sentence pairs padded at the end."""

    source: Tensor  # (B, S) token ids
    target: Tensor  # (B, T) token ids, each sentence closed by the end token
    source_lengths: Tensor  # (B,) always on the CPU: packing reads them there
    target_places: Tensor  # (N,) of the real target tokens among all B·T, sentence by sentence
    indices: Sequence[int]  # the pairs' places in their split

    @property
    def num_target_tokens(self) -> int:
        """Count the real target tokens, N."""
        return len(self.target_places)

    @property
    def target_mask(self) -> Tensor:
        """True on real tokens, (B, T)."""
        return self.target != PAD_ID

    @property
    def real_targets(self) -> Tensor:
        """The real target tokens, (N,)."""
        return self.real(self.target)

    def real(self, positions: Tensor) -> Tensor:
        """Take of (B, T, …) what stands at real target tokens, (N, …).

        By places that were counted on the CPU: to find them by a mask a GPU would have to be
        waited for in every step.
        """
        return positions.flatten(0, 1).index_select(0, self.target_places)

    @property
    def decoder_input(self) -> Tensor:
        """The target shifted by one: the begin token, then all but the last position, (B, T)."""
        begin = torch.full_like(self.target[:, :1], BOS_ID)
        return torch.cat([begin, self.target[:, :-1]], dim=1)

    def to(self, device: torch.device) -> "Batch":
        """Move the token ids, asynchronously where the device can."""
        return self._replace(
            source=self.source.to(device, non_blocking=True),
            target=self.target.to(device, non_blocking=True),
            target_places=self.target_places.to(device, non_blocking=True),
        )


class TrainingBatches:
    """All pairs of a split once an epoch, in an order drawn from (seed, epoch)."""

    def __init__(self, split: EncodedSplit, *, batch_size: int, seed: int) -> None:
        self._split = split
        self._batch_size = batch_size
        self._seed = seed

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return -(-len(self._split) // self._batch_size)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch, counted from 1."""
        rng = np.random.default_rng(stream_seed(self._seed, "batch order", epoch))
        for indices in self._draw(rng):
            yield collate(self._split, indices)

    def _draw(self, rng: np.random.Generator) -> Iterator[np.ndarray]:
        order = rng.permutation(len(self._split))
        chunk_size = self._batch_size * BATCHES_PER_CHUNK
        batches: list[np.ndarray] = []
        for start in range(0, len(order), chunk_size):
            chunk = order[start : start + chunk_size]
            lengths = (self._split.source.lengths[chunk], self._split.target.lengths[chunk])
            by_length = chunk[np.lexsort(lengths)]
            batches += [
                by_length[first : first + self._batch_size]
                for first in range(0, len(chunk), self._batch_size)
            ]
        for position in rng.permutation(len(batches)):
            yield batches[position]


def sorted_batches(split: EncodedSplit, *, batch_size: int) -> Iterator[Batch]:
    """Yield all pairs once, shortest sources first: for evaluation, where order has no effect."""
    order = np.lexsort((split.target.lengths, split.source.lengths))
    for start in range(0, len(order), batch_size):
        yield collate(split, order[start : start + batch_size])


def collate(split: EncodedSplit, indices: np.ndarray) -> Batch:
    """Pad the pairs at `indices` to one batch, in that order."""
    target = _pad(split.target, indices)
    return Batch(
        source=_pad(split.source, indices),
        target=target,
        source_lengths=torch.from_numpy(split.source.lengths[indices]),
        target_places=(target != PAD_ID).flatten().nonzero().flatten(),
        indices=indices.tolist(),
    )


def _pad(sentences: FlatSentences, indices: np.ndarray) -> Tensor:
    lengths = sentences.lengths[indices]
    positions = np.arange(lengths.max())
    real = positions < lengths[:, None]  # (B, S)
    rows = np.full(real.shape, PAD_ID, dtype=np.int64)
    rows[real] = sentences.token_ids[(sentences.offsets[indices][:, None] + positions)[real]]
    return torch.from_numpy(rows)
