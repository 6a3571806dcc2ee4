"""Additive attention, one look a step, and the way back: `AdditiveAttention` in fewer passes.

In torch each look goes a dozen times over a tensor as large as the memory. Here each sentence's
part of it is gone through once, while it is in the cache, and the gradients of all looks are added
up in one place.

Shapes: B sentences, T steps, S source tokens, A features of a key, I features of a value, H decoder
features. As many queries as sentences, or in beam search as many for each.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.compiled.library import Kernels
from bench.model.attention import Memory
from bench.model.fused.rows import Rows
from bench.model.products import for_few_rows, multiply, narrowed, weight_gradient


class LookGradients(NamedTuple):
    """Of all looks together."""

    keys: Tensor  # (B, S, A)
    values: Tensor  # (B, S, I)
    score: Tensor  # (1, A)
    to_query: Tensor  # (A, H)
    bias: Tensor  # (A,)


class Looks:
    """Looks at one memory."""

    def __init__(
        self, kernels: Kernels, memory: Memory, *, score: Tensor, to_query: nn.Linear, num_rows: int
    ) -> None:
        """Begin.

        Args:
            kernels: compiled passes.
            memory: with its odds, as `AdditiveAttention.remember` makes it.
            score: the weight v, (1, A).
            to_query: makes queries (A) of the decoder's states (H).
            num_rows: of all looks.
        """
        self._kernels = kernels
        self._to_query = narrowed(to_query.weight)
        self._from_state = for_few_rows(self._to_query.t())
        self._bias = narrowed(to_query.bias)
        dtype = self._to_query.dtype
        assert memory.odds is not None
        self._odds = memory.odds
        self._values = memory.values.detach().to(dtype).contiguous()
        self._mask = None if memory.mask is None else memory.mask.contiguous()
        self._score = score.detach().float().contiguous()
        self._is_narrow = dtype != torch.float32
        (_, positions, key_size), value_size = self._odds.shape, self._values.shape[-1]
        self._sizes = positions, key_size, value_size
        self.queries = Rows(num_rows, key_size, dtype)
        self.weights = Rows(num_rows, positions, torch.float32)
        self._sum = torch.empty(max(key_size, value_size))

    def look(self, rows: slice, state: Tensor, onto: int) -> None:
        """Look, and add what is seen to what is there.

        Args:
            rows: where the looks stand on the tapes.
            state: of the decoder, (Q, H), in the format of products.
            onto: address of rows (Q, I).
        """
        num_sentences = len(self._odds)
        each = (rows.stop - rows.start) // max(1, num_sentences)
        queries = self.queries.all[rows].copy_(self._bias)
        multiply(state, self._from_state, to=queries, add=True)
        self._kernels(
            "additive_forward",
            num_sentences, each, *self._sizes, self._odds, self._values, self._mask,
            self.queries.at(rows.start), self._score, self.weights.at(rows.start), onto, self._sum,
            self._is_narrow,
        )  # fmt: skip

    def turn(self) -> None:
        """Begin the way back, with one look a sentence and step."""
        self._to_keys = torch.zeros_like(self._odds)
        self._to_score = torch.zeros_like(self._score)
        self._to_bias = torch.zeros(self._sizes[1])
        self._to_state = for_few_rows(self._to_query)
        self._to_queries = Rows(len(self.queries.real), self._sizes[1], self.queries.all.dtype)

    def back(self, rows: slice, to_seen: int, to_state: Tensor) -> None:
        """Go back a look.

        Args:
            rows: where it stands on the tapes.
            to_seen: address of the gradient by what was seen, (B, I).
            to_state: the gradient by the state is added to it, (B, H).
        """
        place = rows.start
        self._kernels(
            "additive_backward",
            len(self._odds), 1, *self._sizes, self._odds, self._values, self.queries.at(place),
            self._score, self.weights.at(place), to_seen, self._to_queries.at(place),
            self._to_keys, self._to_score, self._to_bias, self._sum, self._is_narrow,
        )  # fmt: skip
        multiply(self._to_queries.all[rows], self._to_state, to=to_state, add=True)

    def gradients(self, to_seen: Rows, states: Rows) -> LookGradients:
        """Return the gradients by what all looks have in common.

        Args:
            to_seen: gradients by what was seen, (T·B, I).
            states: of the decoder that looked, (T·B, H).
        """
        num_sentences = len(self._odds)
        weights = self.weights.real.unflatten(0, (-1, num_sentences)).permute(1, 2, 0)  # (B, S, T)
        seen = to_seen.real.unflatten(0, (-1, num_sentences)).transpose(0, 1)  # (B, T, I)
        return LookGradients(
            keys=self._to_keys,
            values=weights.to(seen.dtype) @ seen,
            score=self._to_score,
            to_query=weight_gradient(self._to_queries.all, states.all),
            bias=self._to_bias,
        )
