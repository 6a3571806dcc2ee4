"""Recurrent layers that read packed sentences: what pads them is never there.

torch's own do so too. But on a CPU their way back makes, for each time step, a gradient as large as
that of the whole sequence, and adds it up: sentences twice as long cost up to four times as much.
Here a layer's inputs are cut into steps once, and their gradients are joined once.

Shapes: N real tokens of all sentences, B sentences, L layers, D directions, I input features,
H hidden features. Packed: the first tokens of all sentences, from the longest to the shortest,
then the second tokens of those that have one, …
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from bench.compiled.library import kernels_for
from bench.model.cells import CELLS, LayerState
from bench.model.config import CellKind
from bench.model.dropout import drop
from bench.model.fused.layer import read_layer
from bench.model.products import linear
from bench.model.stepping import Layer, SteppedCell


class Packing(NamedTuple):
    """Where the real tokens of some sentences go."""

    places: Tensor  # (N,) of each packed token among all B·T, sentence by sentence
    sizes: Tensor  # (T,), how many sentences have a first token, a second one, …
    back: Tensor  # (B,), where each sentence has come to be among the longest first


def pack(lengths: Tensor, *, num_positions: int) -> Packing:
    """Order real tokens as torch packs them, by numbers known on the CPU.

    Args:
        lengths: real tokens of each sentence, (B,).
        num_positions: T, as far as sentences are padded.
    """
    longest_first, order = lengths.sort(descending=True)
    real = torch.arange(int(longest_first[0]))[:, None] < longest_first  # (T, B)
    position, rank = real.nonzero(as_tuple=True)
    return Packing(order[rank] * num_positions + position, real.sum(1), order.argsort())


Read = tuple[list[Tensor], LayerState]
"""The outputs of each step, and the state after each sentence."""


def read_packed(
    cell: CellKind, layers: Sequence[Sequence[Layer]], packed: PackedSequence, *, dropout: float
) -> tuple[PackedSequence, tuple[Tensor, ...]]:
    """Read sentences as a stack of `torch.nn` does that is given no state.

    Args:
        cell: which.
        layers: from the bottom, of each the one that reads forwards and perhaps one backwards.
        packed: (N, I).
        dropout: probability of zeroing what a layer hands to the next one; 0 in evaluation.

    Returns:
        what the top layer gives, (N, D·H), and each layer's state after each sentence, parts
        (L·D, B, H).
    """
    rows, sizes = packed.data, packed.batch_sizes.tolist()
    ended: list[LayerState] = []
    is_compiled = CELLS[cell].num_kept > 0
    for depth, directions in enumerate(layers):
        below = drop(rows, dropout) if depth and dropout else rows
        kernels = kernels_for(below, directions[0].weight_hidden) if is_compiled else None
        if kernels is not None:
            rows, states = read_layer(kernels, cell, directions, below, sizes)
            ended += states
            continue
        outputs = []
        for layer, read in zip(directions, (_read_forwards, _read_backwards), strict=False):
            from_inputs = linear(below, layer.weight_input, layer.bias_input)
            steps, state = read(SteppedCell(cell, layer), from_inputs.split(sizes))
            outputs.append(torch.cat(steps).to(from_inputs.dtype))
            ended.append(state)
        rows = torch.cat(outputs, dim=-1)
    return packed._replace(data=rows), tuple(
        torch.stack(parts) for parts in zip(*ended, strict=True)
    )


def _read_forwards(cell: SteppedCell, from_inputs: Sequence[Tensor]) -> Read:
    """Read from the first tokens on; the shorter a sentence, the sooner it leaves."""
    outputs: list[Tensor] = []
    ended: list[LayerState] = []
    state = cell.start(len(from_inputs[0]))
    for from_input in from_inputs:
        num_active = len(from_input)
        if num_active < len(state[0]):
            ended.append(tuple(part[num_active:] for part in state))
            state = tuple(part[:num_active] for part in state)
        state = cell(from_input, state)
        outputs.append(state[0])
    return outputs, _join([state, *reversed(ended)])


def _read_backwards(cell: SteppedCell, from_inputs: Sequence[Tensor]) -> Read:
    """Read from the last tokens on; the shorter a sentence, the later it joins."""
    outputs: list[Tensor] = []
    state = cell.start(0)
    for from_input in reversed(from_inputs):
        num_joining = len(from_input) - len(state[0])
        if num_joining:
            state = _join([state, cell.start(num_joining)])
        state = cell(from_input, state)
        outputs.append(state[0])
    return outputs[::-1], state


def _join(states: Sequence[LayerState]) -> LayerState:
    """Put the states of some sentences under those of others."""
    return tuple(torch.cat(parts) for parts in zip(*states, strict=True))
