"""What the gates of a recurrent cell make of its inputs and state: one step of a few sentences.

Shapes: B sentences, H hidden features, G gates.
"""

import torch
from torch import Tensor

from bench.model.config import CellKind

LayerState = tuple[Tensor, ...]
"""The parts (B, H) of one layer's state: one, an LSTM's has two."""


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


GATES = {"rnn": _rnn, "gru": _gru, "lstm": _lstm}
NUM_GATES: dict[CellKind, int] = {"rnn": 1, "gru": 3, "lstm": 4}
"""Of each cell, G."""
STATE_PARTS: dict[CellKind, int] = {"rnn": 1, "gru": 1, "lstm": 2}
