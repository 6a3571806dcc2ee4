"""A recurrent layer over packed sentences: what `bench.model.packed` does, in fewer passes.

Shapes: N real tokens of all sentences, B sentences, I input features, H hidden features, G gates.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench.compiled.library import Kernels
from bench.model.cells import CELLS, LayerState
from bench.model.config import CellKind
from bench.model.fused.rows import Rows
from bench.model.fused.tape import Return, Step, Tape, backwards, forwards
from bench.model.products import multiply, narrowed
from bench.model.stepping import Layer


class _Reading(NamedTuple):
    """What all directions have in common."""

    kernels: Kernels
    cell: CellKind
    sizes: Sequence[int]  # sentences of each step
    returns: bool  # whether gradients will be asked for


def read_layer(
    kernels: Kernels,
    cell: CellKind,
    directions: Sequence[Layer],
    rows: Tensor,
    sizes: Sequence[int],
    state: Sequence[Tensor] = (),
) -> tuple[Tensor, list[LayerState]]:
    """Read packed sentences, forwards and perhaps backwards.

    Args:
        kernels: compiled passes.
        cell: which.
        directions: the parameters of each.
        rows: packed inputs, (N, I).
        sizes: how many sentences have a first token, a second one, …
        state: to begin in, where there is one direction, parts (B, H); zeros if not given.

    Returns:
        the outputs, (N, D·H), and of each direction the state after each sentence, parts (B, H).
    """
    reading = _Reading(kernels, cell, sizes, torch.is_grad_enabled())
    parameters = [each for layer in directions for each in layer]
    outputs, *ended = _Layer.apply(reading, rows, len(state), *state, *parameters)  # type: ignore[no-untyped-call]
    return outputs, _grouped(ended, CELLS[cell].num_parts)


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, reading: _Reading, rows: Tensor, num_parts: int, *given: Tensor
    ) -> tuple[Tensor, ...]:
        state, parameters = given[:num_parts], given[num_parts:]
        ctx.state_dtypes = [part.dtype for part in state]
        layers = [Layer(*each) for each in _grouped(parameters, len(Layer._fields))]
        ctx.weights = [narrowed(layer.weight_input) for layer in layers]
        ctx.inputs, ctx.dtype = Rows.of(rows, ctx.weights[0].dtype), rows.dtype
        gates, size = ctx.weights[0].shape[0], layers[0].weight_hidden.shape[1]
        from_inputs = Rows(len(rows), gates, ctx.weights[0].dtype)
        outputs = Rows(len(rows), len(layers) * size, ctx.weights[0].dtype)
        ctx.ways = list[tuple[Sequence[Step], Tape]]()
        for way, (layer, weight) in enumerate(zip(layers, ctx.weights, strict=True)):
            steps = (backwards if way else forwards)(reading.sizes)
            tape = Tape(
                reading.kernels, reading.cell, layer, steps, returns=reading.returns,
                state=[part.detach() for part in state],
                outputs=outputs.columns(way * size, (way + 1) * size),
            )  # fmt: skip
            multiply(ctx.inputs.all, weight.t(), to=from_inputs.all)
            for step in steps:
                tape.forward(step, from_inputs.at(step.place))
            ctx.ways.append((steps, tape))
        # Not themselves: what knows its graph must not be held by it, or neither is ever freed.
        ended = [part.detach() for _, tape in ctx.ways for part in tape.ended]
        return outputs.real.detach(), *ended

    @staticmethod
    def backward(ctx: Any, to_outputs: Tensor, *to_ended: Tensor) -> tuple[Tensor | None, ...]:
        to_outputs, num_parts = to_outputs.contiguous(), len(to_ended) // len(ctx.ways)
        to_rows, to_given = torch.empty_like(ctx.inputs.all), list[Tensor]()
        place, stride = to_outputs.data_ptr(), to_outputs.stride(0) * to_outputs.element_size()
        of_each = zip(ctx.ways, ctx.weights, _grouped(to_ended, num_parts), strict=True)
        for number, ((steps, tape), weight, ended) in enumerate(of_each):
            way = Return(tape, ended)
            for step in reversed(steps):
                way.back(step, place + step.place * stride)
            place += tape.size * to_outputs.element_size()
            multiply(way.to_input.all, weight, to=to_rows, add=number > 0)
            if ctx.state_dtypes:
                parts = zip(way.to_state(), ctx.state_dtypes, strict=True)
                to_given += [part.to(dtype) for part, dtype in parts]
            to_given += way.to_weights(ctx.inputs)
        return None, to_rows[: len(to_outputs)].to(ctx.dtype), None, *to_given


def _grouped(items: Sequence[Tensor], size: int) -> list[tuple[Tensor, ...]]:
    """Part a sequence into tuples of one size."""
    return [tuple(items[first : first + size]) for first in range(0, len(items), size)]
