"""Recurrent steps whose weights' gradients are one matrix product for the whole sequence.

A decoder that looks back, or that is fed its own guesses, cannot read a sequence in one call. Left
to autograd, every step then makes a gradient of every weight matrix, out of the few rows of one
batch, and adds it to those of the other steps. `SteppedProduct` keeps the rows instead and
multiplies them all at once: the same sum in another order.

Shapes: B sentences, I input features, H hidden features, G gates, O output features, T steps.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench.model.cells import CELLS, LayerState
from bench.model.config import CellKind
from bench.model.dropout import drop
from bench.model.products import linear, narrowed, weight_gradient


class Layer(NamedTuple):
    """The parameters of one recurrent layer, gates one below the other as torch has them."""

    weight_input: Tensor  # (G·H, I)
    weight_hidden: Tensor  # (G·H, H)
    bias_input: Tensor  # (G·H,)
    bias_hidden: Tensor  # (G·H,)


class SteppedProduct:
    """x Wᵀ + b for the x of one step after the other.

    Each step hangs on the one before, though it takes no number from it: so autograd comes to the
    first step last, and there the weights' gradients are made.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        """Begin a sequence.

        Args:
            weight: (O, I).
            bias: (O,).
        """
        self._shared = _Shared(weight, bias)
        self._last: Tensor | None = None

    def __call__(self, inputs: Tensor) -> Tensor:
        """Multiply one step's inputs, (B, I), to (B, O)."""
        weight, bias = self._shared.leaves if self._last is None else (None, None)
        with torch.autocast(inputs.device.type, enabled=False):
            product: Tensor = _Product.apply(inputs, weight, bias, self._last, self._shared)  # type: ignore[no-untyped-call]
        self._last = product
        return product


class _Shared:
    """What all steps of a product have in common, there and back.

    It must not know of any step: a graph that holds what holds the graph is never freed.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.leaves = (weight, bias)
        self.weight = narrowed(weight)  # once for all steps
        self.bias = None if bias is None else narrowed(bias)
        self.inputs: list[Tensor] = []
        self.gradients: list[Tensor] = []


class _Product(torch.autograd.Function):
    """One step; the first one is given the leaves, and owes their gradient."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        before: Tensor | None,  # noqa: ARG004 - only hangs the steps together
        shared: _Shared,
    ) -> Tensor:
        rows = inputs.to(shared.weight.dtype)
        ctx.save_for_backward(rows)
        ctx.shared, ctx.input_dtype = shared, inputs.dtype
        ctx.owes = weight is not None, bias is not None
        return linear(rows, shared.weight, shared.bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        shared, (rows,) = ctx.shared, ctx.saved_tensors
        shared.inputs.append(rows)
        shared.gradients.append(gradient)
        to_inputs = linear(gradient, shared.weight.t()).to(ctx.input_dtype)
        to_weight = to_bias = None
        owes_weight, owes_bias = ctx.owes
        if owes_weight:
            gradients, inputs = torch.cat(shared.gradients), torch.cat(shared.inputs)
            shared.gradients, shared.inputs = [], []
            weight, bias = shared.leaves
            to_weight = weight_gradient(gradients, inputs).to(weight.dtype)
            if owes_bias:
                to_bias = gradients.sum(0, dtype=torch.float32).to(bias.dtype)
        return to_inputs, to_weight, to_bias, None, None


class SteppedCell:
    """One recurrent layer taken through one sequence, given what its inputs make of the gates."""

    def __init__(self, cell: CellKind, layer: Layer) -> None:
        """Begin a sequence."""
        self._step = CELLS[cell].take
        self._num_parts = CELLS[cell].num_parts
        self._weight = layer.weight_hidden
        self._from_hidden = SteppedProduct(layer.weight_hidden, layer.bias_hidden)

    def start(self, num_sentences: int) -> LayerState:
        """Return a state of zeros, (B, H) a part."""
        size = num_sentences, self._weight.shape[1]
        return tuple(self._weight.new_zeros(size) for _ in range(self._num_parts))

    def __call__(self, from_input: Tensor, state: LayerState) -> LayerState:
        """Take a step: (B, G·H), and parts (B, H)."""
        return self._step(from_input.float(), self._from_hidden(state[0]).float(), state)


class Stepper:
    """A recurrent stack taken through one sequence step by step."""

    def __init__(self, cell: CellKind, layers: Sequence[Layer], *, dropout: float) -> None:
        """Begin a sequence.

        Args:
            cell: which.
            layers: from the bottom.
            dropout: probability of zeroing what a layer hands to the next one; 0 in evaluation.
        """
        self.cell, self.layers, self.dropout = cell, layers, dropout
        self._steps = [
            (SteppedProduct(layer.weight_input, layer.bias_input), SteppedCell(cell, layer))
            for layer in layers
        ]

    def __call__(self, inputs: Tensor, state: list[LayerState]) -> list[LayerState]:
        """Take one step.

        Args:
            inputs: (B, I).
            state: of each layer, from the bottom.

        Returns:
            the new state of each layer; the hidden part of the last one is the output.
        """
        after: list[LayerState] = []
        for depth, (from_input, step) in enumerate(self._steps):
            if depth:
                inputs = drop(after[-1][0], self.dropout) if self.dropout else after[-1][0]
            after.append(step(from_input(inputs), state[depth]))
        return after
