"""A decoder's recurrent stack stepped through a sequence: `Unrolling` in fewer passes.

Shapes: B sentences, T steps, L layers, E features of an input, H decoder features, S source tokens.
Tapes have T·B rows, the sentences of each step together.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench.compiled.library import Kernels
from bench.model.attention import Attention, Memory
from bench.model.cells import CELLS
from bench.model.config import CellKind
from bench.model.dropout import apply_kept, draw_kept, scale_of
from bench.model.fused.looks import Looks, looked_through
from bench.model.fused.rows import Rows
from bench.model.fused.tape import Return, Step, Tape, forwards
from bench.model.products import for_few_rows, multiply, narrowed
from bench.model.stepping import Layer

Feed = Callable[[int, Tensor | None], Tensor | None]
"""Told a step and the top layer's outputs (B, H) of the one before; returns what the step's tokens
bring, (B, E), or None where that stands on the tape already."""


class Stack(NamedTuple):
    """A decoder's recurrent layers, as they are unrolled."""

    kernels: Kernels
    cell: CellKind
    layers: Sequence[Layer]
    dropout: float
    draws_by_layer: bool
    """Whether what is dropped is drawn for all steps of a layer, as torch.nn draws it, or for all
    layers of a step."""
    attention: Attention | None
    memory: Memory | None


class Unrolled(NamedTuple):
    """What comes of it."""

    outputs: Tensor  # (T, B, H), of the top layer, in the format of products
    weights: Tensor | None  # (T, B, S), without gradient
    state: tuple[Tensor, ...]  # parts (L, B, H)


def unroll(
    stack: Stack, inputs: Tensor, state: Sequence[Tensor], feed: Feed = lambda *_: None
) -> Unrolled:
    """Read a sequence.

    Args:
        stack: what reads.
        inputs: what the tokens bring, (T, B, E).
        state: to begin in, parts (L, B, H).
        feed: asked before each step.
    """
    attention, memory = stack.attention, stack.memory
    looked: list[Tensor] = []
    if attention is not None and memory is not None:
        looked = looked_through(attention, memory)
    parameters = [each for layer in stack.layers for each in layer]
    way = _Way(stack, inputs, state, returns=torch.is_grad_enabled())
    outputs, *rest = _Unrolled.apply(  # type: ignore[no-untyped-call]
        way, feed, inputs, len(state), *state, *looked, *parameters
    )
    weights = rest.pop() if looked else None
    return Unrolled(outputs, weights, tuple(rest))


class _Unrolled(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, way: "_Way", feed: Feed, inputs: Tensor, num_parts: int, *given: Tensor
    ) -> tuple[Tensor, ...]:
        ctx.way = way
        ctx.num_parts = num_parts
        ctx.dtypes = [each.dtype for each in given]
        way.forward(inputs.detach(), feed)
        outputs = way.tapes[-1].outputs.real.unflatten(0, inputs.shape[:2])
        ended = (torch.stack(parts) for parts in zip(*(t.ended for t in way.tapes), strict=True))
        if way.looks is None:
            return outputs, *ended
        weights = way.looks.weights.real.unflatten(0, inputs.shape[:2])
        ctx.mark_non_differentiable(weights)
        return outputs, *ended, weights

    @staticmethod
    def backward(ctx: Any, to_outputs: Tensor, *rest: Tensor) -> tuple[Tensor | None, ...]:
        to_inputs, given = ctx.way.back(to_outputs, rest[: ctx.num_parts])
        cast = (each.to(dtype) for each, dtype in zip(given, ctx.dtypes, strict=True))
        return None, None, to_inputs, None, *cast


class _Way:
    """There and back."""

    def __init__(
        self, stack: Stack, inputs: Tensor, state: Sequence[Tensor], *, returns: bool
    ) -> None:
        num_steps, num_sentences, _ = inputs.shape
        num_rows = num_steps * num_sentences
        self._stack, self._shape, self._dtype = stack, inputs.shape, inputs.dtype
        self.steps = forwards([num_sentences] * num_steps)
        self.tapes = [
            Tape(
                stack.kernels, stack.cell, layer, self.steps, returns=returns,
                state=[part[depth].detach() for part in state],
            )
            for depth, layer in enumerate(stack.layers)
        ]  # fmt: skip
        self._weights = [narrowed(layer.weight_input) for layer in stack.layers]
        self._from_inputs = [for_few_rows(weight.t()) for weight in self._weights]
        dtype, size = self.tapes[0].dtype, self.tapes[0].size
        self.inputs = [Rows(num_rows, inputs.shape[-1], dtype)]
        self.inputs += [
            Rows(num_rows, size, dtype) if stack.dropout else tape.outputs
            for tape in self.tapes[:-1]
        ]
        self._kept: list[Tensor] = []  # what dropout left, of each layer but the top one
        if stack.dropout:
            shape = (num_rows, size)
            self._kept = [torch.empty(shape, dtype=torch.uint8) for _ in self.tapes[:-1]]
        self._scale = scale_of(stack.dropout, dtype)
        self._gates = torch.empty(num_sentences, CELLS[stack.cell].num_gates * size, dtype=dtype)
        self.looks = None
        if stack.attention is not None and stack.memory is not None:
            self.looks = Looks(stack.kernels, stack.attention, stack.memory, num_rows=num_rows)

    def forward(self, inputs: Tensor, feed: Feed) -> None:
        """Take all steps."""
        if self._stack.draws_by_layer:
            for kept in self._kept:
                draw_kept(self._stack.kernels, kept, self._stack.dropout)
        said = None
        for number, step in enumerate(self.steps):
            fed = feed(number, said)
            self.inputs[0].all[step.slice] = inputs[number] if fed is None else fed
            if self.looks is not None:
                state = self.tapes[-1].fed.all[step.slice]
                self.looks.look(step.slice, state, self.inputs[0].at(step.place))
            for depth, tape in enumerate(self.tapes):
                below = self.inputs[depth].all[step.slice]
                if depth and self._kept:
                    self._drop(depth, step, below)
                multiply(below, self._from_inputs[depth], to=self._gates)
                tape.forward(step, self._gates.data_ptr())
            said = self.tapes[-1].outputs.all[step.slice]

    def _drop(self, depth: int, step: Step, below: Tensor) -> None:
        """Zero some of what a layer hands to the one above, as `bench.model.dropout.drop` does."""
        kernels, kept = self._stack.kernels, self._kept[depth - 1][step.slice]
        if not self._stack.draws_by_layer:
            draw_kept(kernels, kept, self._stack.dropout)
        outputs = self.tapes[depth - 1].outputs.all[step.slice]
        apply_kept(kernels, outputs, kept, self._scale, below)

    def back(self, to_outputs: Tensor, to_ended: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return the gradients by the inputs, (T, B, E), and by all else that was given."""
        tapes, looks, depths = self.tapes, self.looks, range(len(self.tapes))
        dtype = tapes[0].dtype
        to_outputs = to_outputs.to(dtype).contiguous().flatten(0, 1)
        ways = [
            Return(tape, [part[depth] for part in to_ended]) for depth, tape in enumerate(tapes)
        ]
        to_inputs_of = [for_few_rows(weight) for weight in self._weights]
        to_inputs = Rows(len(to_outputs), self._shape[-1], dtype)
        to_below = torch.empty(self._shape[1], tapes[0].size, dtype=dtype)
        base, stride = to_outputs.data_ptr(), to_outputs.stride(0) * to_outputs.element_size()
        if looks is not None:
            looks.turn()
        for step in reversed(self.steps):
            owed = base + step.place * stride
            for depth in reversed(depths):
                ways[depth].back(step, owed)
                gates = ways[depth].to_input.all[step.slice]
                to = to_below if depth else to_inputs.all[step.slice]
                multiply(gates, to_inputs_of[depth], to=to)
                if depth and self._kept:
                    kept = self._kept[depth - 1][step.slice]
                    apply_kept(self._stack.kernels, to_below, kept, self._scale, to_below)
                owed = to_below.data_ptr()
            if looks is not None:
                looks.back(step.slice, to_inputs.at(step.place), ways[-1].through_product)
        by_depth = [way.to_state() for way in ways]
        given = [torch.stack(parts) for parts in zip(*by_depth, strict=True)]
        if looks is not None:
            given += looks.gradients(to_inputs, tapes[-1].fed)
        for way, inputs in zip(ways, self.inputs, strict=True):
            given += way.to_weights(inputs)
        return to_inputs.real.unflatten(0, self._shape[:2]).to(self._dtype), given
