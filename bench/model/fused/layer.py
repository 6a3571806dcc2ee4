"""A recurrent layer over packed sentences: what `bench.model.packed` does, in fewer passes.

Shapes: N real tokens of all sentences, B sentences, I input features, H hidden features, G gates.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench.compiled.library import Kernels
from bench.model.config import CellKind
from bench.model.fused.rows import Rows
from bench.model.fused.tape import GATES, Return, Tape, backwards, forwards
from bench.model.gates import LayerState
from bench.model.products import narrowed
from bench.model.stepping import Layer


class _Reading(NamedTuple):
    """What both directions have in common."""

    kernels: Kernels
    cell: CellKind
    sizes: Sequence[int]  # sentences of each step
    inputs: Rows  # (N, I) in the format of products
    returns: bool  # whether gradients will be asked for


def read_layer(
    kernels: Kernels,
    cell: CellKind,
    directions: Sequence[Layer],
    rows: Tensor,
    sizes: Sequence[int],
) -> tuple[list[Tensor], list[LayerState]]:
    """Read packed sentences from a state of zeros, forwards and perhaps backwards.

    Args:
        kernels: compiled passes.
        cell: which.
        directions: the parameters of each.
        rows: packed inputs, (N, I).
        sizes: how many sentences have a first token, a second one, …

    Returns:
        of each direction the outputs, (N, H), and the state after each sentence, parts (B, H).
    """
    inputs = Rows(len(rows), rows.shape[1], narrowed(directions[0].weight_input).dtype)
    inputs.real.copy_(rows.detach())
    reading = _Reading(kernels, cell, sizes, inputs, torch.is_grad_enabled())
    read = [_Layer.apply(reading, way, rows, *layer) for way, layer in enumerate(directions)]  # type: ignore[no-untyped-call]
    return [outputs for outputs, *_ in read], [tuple(ended) for _, *ended in read]


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, reading: _Reading, way: int, rows: Tensor, *parameters: Tensor
    ) -> tuple[Tensor, ...]:
        layer, cell, inputs = Layer(*parameters), reading.cell, reading.inputs
        steps = (backwards if way else forwards)(reading.sizes)
        tape = Tape(
            reading.kernels, cell, layer, num_rows=len(rows), num_sentences=reading.sizes[0],
            returns=reading.returns,
        )  # fmt: skip
        weight = narrowed(layer.weight_input)
        from_inputs = Rows(len(rows), GATES[cell] * tape.size, tape.dtype)
        torch.mm(inputs.all, weight.t(), out=from_inputs.all)
        for step in steps:
            tape.forward(step, from_inputs.at(step.place))
        ctx.steps, ctx.tape, ctx.inputs, ctx.weight = steps, tape, inputs, weight
        ctx.dtype = rows.dtype
        # Not themselves: what knows its graph must not be held by it, or neither is ever freed.
        return tape.outputs.real.detach(), *(part.detach() for part in tape.ended)

    @staticmethod
    def backward(ctx: Any, to_outputs: Tensor, *to_ended: Tensor) -> tuple[Tensor | None, ...]:
        to_outputs, way = to_outputs.contiguous(), Return(ctx.tape, to_ended)
        base, stride = to_outputs.data_ptr(), to_outputs.stride(0) * to_outputs.element_size()
        for step in reversed(ctx.steps):
            way.back(step, base + step.place * stride)
        to_rows = (way.to_input.all @ ctx.weight)[: len(to_outputs)]
        return None, None, to_rows.to(ctx.dtype), *way.to_weights(ctx.inputs)
