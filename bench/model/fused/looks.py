"""Attention, one look a step, and the way back: `bench.model.attention` in fewer passes.

In torch each look goes a dozen times over a tensor as large as the memory. Here each sentence's
part of it is gone through once, while it is in the cache, and the gradients of all looks are added
up in one place.

Shapes: B sentences, T steps, S source tokens, A features of a key, I features of a value, H decoder
features. As many queries as sentences, or in beam search as many for each.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from bench.compiled.library import Kernels
from bench.model.attention import AdditiveAttention, Attention, Memory
from bench.model.fused.rows import Rows
from bench.model.products import for_few_rows, multiply, narrowed, weight_gradient


class _Formula(NamedTuple):
    """How keys and queries meet."""

    passes: str  # the compiled ones' name
    constant: Tensor | float  # that these are given
    learnt: list[Tensor]  # whose gradients they add up, in float32, as they do the keys'


def _formula_of(attention: Attention) -> _Formula:
    if isinstance(attention, AdditiveAttention):
        score, bias = attention.score.weight, attention.to_query.bias
        return _Formula("additive", score.detach().float().contiguous(), [score, bias])
    return _Formula("dot", attention.scale, [])


def looked_through(attention: Attention, memory: Memory) -> list[Tensor]:
    """Return all that a look depends on, in the order of `Looks.gradients`."""
    learnt = _formula_of(attention).learnt
    return [memory.keys, memory.values, attention.to_query.weight, *learnt]


class Looks:
    """Looks at one memory."""

    def __init__(
        self, kernels: Kernels, attention: Attention, memory: Memory, *, num_rows: int
    ) -> None:
        """Begin.

        Args:
            kernels: compiled passes.
            attention: makes queries (A) of the decoder's states (H), and compares them.
            memory: with what they are compared with, as `attention.remember` makes it.
            num_rows: of all looks.
        """
        self._kernels, self._formula = kernels, _formula_of(attention)
        self._to_query = narrowed(attention.to_query.weight)
        self._from_state = for_few_rows(self._to_query.t())
        bias = attention.to_query.bias
        self._bias = None if bias is None else narrowed(bias)
        dtype = self._to_query.dtype
        assert memory.compared is not None
        self._compared = memory.compared
        self._values = memory.values.detach().to(dtype).contiguous()
        self._mask = None if memory.mask is None else memory.mask.contiguous()
        self._is_narrow = dtype != torch.float32
        (_, positions, key_size), value_size = self._compared.shape, self._values.shape[-1]
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
        num_sentences = len(self._compared)
        each = (rows.stop - rows.start) // max(1, num_sentences)
        queries = self.queries.all[rows]
        if self._bias is not None:
            queries.copy_(self._bias)
        multiply(state, self._from_state, to=queries, add=self._bias is not None)
        self._kernels(
            f"{self._formula.passes}_forward",
            num_sentences, each, *self._sizes, self._compared, self._values, self._mask,
            self.queries.at(rows.start), self._formula.constant, self.weights.at(rows.start), onto,
            self._sum, self._is_narrow,
        )  # fmt: skip

    def turn(self) -> None:
        """Begin the way back, with one look a sentence and step."""
        added_up = self._compared, *self._formula.learnt
        self._added_up = [torch.zeros_like(each, dtype=torch.float32) for each in added_up]
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
            f"{self._formula.passes}_backward",
            len(self._compared), 1, *self._sizes, self._compared, self._values,
            self.queries.at(place), self._formula.constant, self.weights.at(place), to_seen,
            self._to_queries.at(place), *self._added_up, self._sum, self._is_narrow,
        )  # fmt: skip
        multiply(self._to_queries.all[rows], self._to_state, to=to_state, add=True)

    def gradients(self, to_seen: Rows, states: Rows) -> list[Tensor]:
        """Return the gradients by what all looks have in common, as `looked_through` lists it.

        Args:
            to_seen: gradients by what was seen, (T·B, I).
            states: of the decoder that looked, (T·B, H).
        """
        num_sentences = len(self._compared)
        weights = self.weights.real.unflatten(0, (-1, num_sentences)).permute(1, 2, 0)  # (B, S, T)
        seen = to_seen.real.unflatten(0, (-1, num_sentences)).transpose(0, 1)  # (B, T, I)
        to_values = weights.to(seen.dtype) @ seen
        to_query = weight_gradient(self._to_queries.all, states.all)
        to_keys, *to_learnt = self._added_up
        return [to_keys, to_values, to_query, *to_learnt]
