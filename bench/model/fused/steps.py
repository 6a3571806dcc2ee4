"""A decoder's recurrent stack taken step by step, without gradients: what a translation does.

Its matrices are laid out once, and a step is its products and one pass a layer, as in `unrolled`.

Shapes: B rows, sentences or hypotheses; L layers, E features of an input, H features of a state.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bench.model.attention import Memory
from bench.model.cells import CELLS
from bench.model.fused.looks import Looks
from bench.model.fused.tape import joint_bias
from bench.model.fused.unrolled import Stack
from bench.model.products import for_few_rows, multiply, narrowed


class Taken(NamedTuple):
    """What a step gives."""

    outputs: Tensor  # (B, H), of the top layer
    state: tuple[Tensor, ...]  # parts (L, B, H), in float32
    weights: Tensor | None  # (B, S), where it looked


class _Room(NamedTuple):
    """Memory that a step of so many rows works in."""

    gates: list[Tensor]  # two of (B, G·H)
    kept: Tensor  # nobody goes back along it
    narrow: Tensor  # nor reads this


class Steps:
    """A stack ready for steps."""

    def __init__(self, stack: Stack) -> None:
        """Lay out its matrices in the format that products are computed in here."""
        self._stack = stack
        self._from_input, self._from_hidden = (
            [for_few_rows(narrowed(weight).t()) for weight in weights]
            for weights in zip(*(layer[:2] for layer in stack.layers), strict=True)
        )
        self._biases = [joint_bias(stack.cell, layer) for layer in stack.layers]
        self._dtype, self._size = self._from_hidden[0].dtype, len(self._from_hidden[0])
        self._room: _Room | None = None
        self._looks: Looks | None = None
        self._looked_at: Memory | None = None

    def take(self, embedded: Tensor, state: Sequence[Tensor], memory: Memory | None) -> Taken:
        """Take a step.

        Args:
            embedded: what the tokens bring, (B, E).
            state: before, parts (L, B, H).
            memory: to be looked at, if the stack attends.
        """
        stack, size, rows = self._stack, self._size, len(embedded)
        room = self._room_for(rows)
        hidden = state[0].to(self._dtype)
        before = state[-1].float().contiguous()
        after = torch.empty(len(state), *before.shape)
        below = embedded.to(self._dtype, copy=True)
        weights = self._look(hidden[-1], memory, below)
        for depth in range(len(stack.layers)):
            multiply(below, self._from_input[depth], to=room.gates[0])
            multiply(hidden[depth], self._from_hidden[depth], to=room.gates[1])
            below = torch.empty(rows, size, dtype=self._dtype)
            new = after[0, depth]
            held = [after[1, depth], after[1, depth]] if stack.cell == "lstm" else []
            stack.kernels(
                f"{stack.cell}_forward",
                rows, size, rows, size, *room.gates, self._biases[depth], before[depth], below,
                new, room.narrow, new, *held, room.kept, self._dtype != torch.float32,
            )  # fmt: skip
        return Taken(below, tuple(after), weights)

    def _look(self, queried: Tensor, memory: Memory | None, below: Tensor) -> Tensor | None:
        attention, rows = self._stack.attention, len(below)
        if attention is None or memory is None:
            return None
        if self._looks is None or memory is not self._looked_at:
            self._looks = Looks(self._stack.kernels, attention, memory, num_rows=rows)
            self._looked_at = memory
        self._looks.look(slice(0, rows), queried, below.data_ptr())
        return self._looks.weights.real

    def _room_for(self, rows: int) -> _Room:
        if self._room is None or len(self._room.kept) != rows:
            cell, size, dtype = CELLS[self._stack.cell], self._size, self._dtype
            self._room = _Room(
                gates=[torch.empty(rows, cell.num_gates * size, dtype=dtype) for _ in range(2)],
                kept=torch.empty(rows, cell.num_kept * size),
                narrow=torch.empty(rows, size, dtype=dtype),
            )
        return self._room
