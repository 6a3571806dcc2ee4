"""torch's recurrent layers on the imitated GPU, as particular as cuDNN is."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from tests.gpu.imitation.tensors import Imitated, OnCPU

STACKS: dict[type[nn.RNNBase], Callable[..., Any]] = {
    nn.RNN: torch._VF.rnn_tanh,
    nn.GRU: torch._VF.gru,
    nn.LSTM: torch._VF.lstm,
}
CELLS: dict[type[nn.RNNCellBase], Callable[..., Any]] = {
    nn.RNNCell: torch._VF.rnn_tanh_cell,
    nn.GRUCell: torch._VF.gru_cell,
    nn.LSTMCell: torch._VF.lstm_cell,
}


def imitate() -> None:
    """Put the imitations in the place of torch's own, which still serve the CPU."""
    for stack, compute in STACKS.items():
        stack.forward = _stack(stack.forward, compute, num_parts=1 + (stack is nn.LSTM))
    for cell, compute in CELLS.items():
        cell.forward = _cell(cell.forward, compute, num_parts=1 + (cell is nn.LSTMCell))


def _stack(here: Callable[..., Any], compute: Callable[..., Any], *, num_parts: int) -> Any:
    def forward(self: nn.RNNBase, inputs: Any, state: Any = None) -> Any:
        packed = inputs if isinstance(inputs, PackedSequence) else None
        rows: Tensor = inputs.data if packed else inputs
        if not isinstance(rows, Imitated):
            return here(self, inputs, state)
        if state is None:
            depth = self.num_layers * (1 + self.bidirectional)
            sentences = int(packed.batch_sizes[0]) if packed else len(rows)
            zeros = torch.zeros(depth, sentences, self.hidden_size, device="cuda")
            state = (zeros, zeros)[:num_parts]
        parts = state if isinstance(state, tuple) else (state,)
        weights = self._flat_weights
        _require_what_cudnn_takes(rows, *parts, *weights)
        how = self.num_layers, self.dropout, self.training, self.bidirectional

        def run(rows: Tensor, *rest: Tensor) -> Any:
            begun = list(rest[:num_parts]) if num_parts > 1 else rest[0]
            weights = list(rest[num_parts:])
            if packed:
                return compute(rows, packed.batch_sizes, begun, weights, True, *how)
            return compute(rows, begun, weights, True, *how, True)

        outputs, *ended = OnCPU.apply(run, rows, *parts, *weights)
        after = tuple(ended) if num_parts > 1 else ended[0]
        return (packed._replace(data=outputs) if packed else outputs), after

    return forward


def _cell(here: Callable[..., Any], compute: Callable[..., Any], *, num_parts: int) -> Any:
    def forward(self: nn.RNNCellBase, inputs: Tensor, state: Any) -> Any:
        if not isinstance(inputs, Imitated):
            return here(self, inputs, state)
        parts = state if isinstance(state, tuple) else (state,)
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        _require_what_cudnn_takes(inputs, *parts, *weights)

        def run(inputs: Tensor, *rest: Tensor) -> Any:
            if num_parts > 1:
                return compute(inputs, rest[:num_parts], *rest[num_parts:])
            return (compute(inputs, *rest),)

        after = OnCPU.apply(run, inputs, *parts, *weights)
        return after if num_parts > 1 else after[0]

    return forward


def _require_what_cudnn_takes(*tensors: Tensor) -> None:
    """See that all are there, in float32, contiguous, and that autocast will not narrow them."""
    assert not torch.is_autocast_enabled("cuda")
    for each in tensors:
        assert isinstance(each, Imitated)
        assert each.dtype == torch.float32
        assert each.is_contiguous()
