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
# So many are padded and brought to a device at once, in half the time of one by one (0.13 and
# 0.26 ms a batch of 125, 0.05 and 0.19 of 48). On a CPU that is nothing beside a step; a GPU's
# may be a millisecond.
BATCHES_AT_ONCE = 20
MOST_POSITIONS = 40_000
"""Of an evaluation batch, padding counted: a sentence of thousands of tokens, of which there is one
where a text was cut wrongly, would make gigabytes of its batch."""
CPU = torch.device("cpu")


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
            source=_moved(self.source, device),
            target=_moved(self.target, device),
            target_places=_moved(self.target_places, device),
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

    def epoch(self, epoch: int, device: torch.device = CPU) -> Iterator[Batch]:
        """Yield the batches of one epoch, counted from 1, on a device."""
        rng = np.random.default_rng(stream_seed(self._seed, "batch order", epoch))
        batches = self._draw(rng)
        for start in range(0, len(batches), BATCHES_AT_ONCE):
            some = batches[start : start + BATCHES_AT_ONCE]
            yield from _collate_all(self._split, some, device)

    def _draw(self, rng: np.random.Generator) -> list[np.ndarray]:
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
        return [batches[position] for position in rng.permutation(len(batches))]


def sorted_batches(split: EncodedSplit, *, batch_size: int) -> Iterator[Batch]:
    """Yield all pairs once, shortest sources first: for evaluation, where order has no effect.

    Fewer than `batch_size` at a time where they are very long.
    """
    order = np.lexsort((split.target.lengths, split.source.lengths))
    longest = np.maximum(split.source.lengths, split.target.lengths)[order]
    start = 0
    while start < len(order):
        size = batch_size
        while size > 1 and size * longest[start : start + size].max() > MOST_POSITIONS:
            size = -(-size // 2)
        yield collate(split, order[start : start + size])
        start += size


def collate(split: EncodedSplit, indices: np.ndarray) -> Batch:
    """Pad the pairs at `indices` to one batch, in that order."""
    (batch,) = _collate_all(split, [indices], CPU)
    return batch


def _collate_all(
    split: EncodedSplit, batches: Sequence[np.ndarray], device: torch.device
) -> Iterator[Batch]:
    """Pad the pairs of several batches, none of them empty, as views of what all of them share."""
    sizes = [len(indices) for indices in batches]
    source, target = (_pad(each, batches) for each in (split.source, split.target))
    parts = zip(
        _moved(source.rows, device).split(source.num_positions),
        _moved(target.rows, device).split(target.num_positions),
        source.lengths.split(sizes),
        _moved(target.places, device).split(target.num_tokens),
        batches,
        strict=True,
    )
    for source_rows, target_rows, lengths, places, indices in parts:
        yield Batch(
            source=source_rows.view(len(indices), -1),
            target=target_rows.view(len(indices), -1),
            source_lengths=lengths,
            target_places=places,
            indices=indices.tolist(),
        )


def _moved(numbers: Tensor, device: torch.device) -> Tensor:
    """Bring numbers to a device; to a GPU out of memory from which it takes them by itself.

    For more than 64 KB of other memory the host may wait for all that the GPU has been given
    (https://docs.nvidia.com/cuda/cuda-runtime-api/api-sync-behavior.html).
    """
    numbers = numbers.pin_memory() if device.type == "cuda" else numbers
    return numbers.to(device, non_blocking=True)


class _Padded(NamedTuple):
    """Sentences of several batches in one language, a batch after the other."""

    rows: Tensor  # token ids, those of a batch as long as its longest sentence
    lengths: Tensor  # of each sentence
    places: Tensor  # of the real tokens, counted within their batch
    num_positions: list[int]  # of each batch
    num_tokens: list[int]  # of each batch, the real ones


def _pad(sentences: FlatSentences, batches: Sequence[np.ndarray]) -> _Padded:
    indices = np.concatenate(batches)
    sizes = np.asarray([len(each) for each in batches])
    firsts = _starts(sizes)
    lengths = sentences.lengths[indices]
    widths = np.maximum.reduceat(lengths, firsts)
    num_tokens = np.add.reduceat(lengths, firsts)

    # Of each real token: its number, where it goes, where it comes from.
    token, begins = np.arange(lengths.sum()), _starts(lengths)
    row_starts = _starts(np.repeat(widths, sizes))
    places = token + np.repeat(row_starts - begins, lengths)
    origins = token + np.repeat(sentences.offsets[indices] - begins, lengths)

    rows = np.full(widths @ sizes, PAD_ID, dtype=np.int64)
    rows[places] = sentences.token_ids[origins]
    places -= np.repeat(row_starts[firsts], num_tokens)
    return _Padded(
        rows=torch.from_numpy(rows),
        lengths=torch.from_numpy(lengths),
        places=torch.from_numpy(places),
        num_positions=(widths * sizes).tolist(),
        num_tokens=num_tokens.tolist(),
    )


def _starts(sizes: np.ndarray) -> np.ndarray:
    """Return where things of these sizes begin that lie end to end."""
    starts: np.ndarray = sizes.cumsum() - sizes
    return starts
