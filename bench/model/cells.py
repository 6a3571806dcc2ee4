"""The recurrent cells: what torch has of each, and what its gates make of inputs and state.

Shapes: B sentences, H hidden features, G gates.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.model.config import CellKind

LayerState = tuple[Tensor, ...]
"""The parts (B, H) of one layer's state: one, an LSTM's has two."""


class Cell(NamedTuple):
    """All that is known of a cell but its compiled passes, `bench/compiled/cells.c`."""

    sequence: Callable[..., nn.RNNBase]
    """torch's layers of it, over whole sequences."""
    stepper: Callable[..., nn.RNNCellBase]
    """torch's cell, which takes one step."""
    take: Callable[[Tensor, Tensor, LayerState], LayerState]
    """Takes a step, given what the gates get from the inputs and from the state, (B, G·H)."""
    num_gates: int
    """G."""
    num_parts: int
    """Of its state."""
    num_kept: int
    """Numbers a feature that its compiled passes keep for the way back; 0 where it has none."""


def _rnn(from_input: Tensor, from_hidden: Tensor, state: LayerState) -> LayerState:  # noqa: ARG001
    """Elman's cell, as torch.nn.RNN documents it."""
    return (torch.tanh(from_input + from_hidden),)


def _gru(from_input: Tensor, from_hidden: Tensor, state: LayerState) -> LayerState:
    """Cho et al.'s cell, as torch.nn.GRU documents it: the reset gate after the product."""
    (hidden,) = state
    reset_input, update_input, new_input = from_input.chunk(3, -1)
    reset_hidden, update_hidden, new_hidden = from_hidden.chunk(3, -1)
    reset = torch.sigmoid(reset_input + reset_hidden)
    update = torch.sigmoid(update_input + update_hidden)
    new = torch.tanh(torch.addcmul(new_input, reset, new_hidden))
    return (torch.lerp(new, hidden.float(), update),)


def _lstm(from_input: Tensor, from_hidden: Tensor, state: LayerState) -> LayerState:
    """Hochreiter and Schmidhuber's cell with forget gates, as torch.nn.LSTM documents it."""
    write, forget, new, read = (from_input + from_hidden).chunk(4, -1)
    kept = torch.sigmoid(forget) * state[1].float()
    memory = torch.addcmul(kept, torch.sigmoid(write), torch.tanh(new))
    return torch.sigmoid(read) * torch.tanh(memory), memory


CELLS: dict[CellKind, Cell] = {
    "rnn": Cell(nn.RNN, nn.RNNCell, _rnn, num_gates=1, num_parts=1, num_kept=1),
    "gru": Cell(nn.GRU, nn.GRUCell, _gru, num_gates=3, num_parts=1, num_kept=4),
    "lstm": Cell(nn.LSTM, nn.LSTMCell, _lstm, num_gates=4, num_parts=2, num_kept=5),
}
