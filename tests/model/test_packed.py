"""Recurrent layers that read packed sentences."""

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils._python_dispatch import TorchDispatchMode

from bench.model.config import CellKind
from bench.model.recurrent import Recurrent


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 3])
def test_packed_sentences_are_read_as_torch_reads_them(
    cell: CellKind, bidirectional: bool, num_layers: int
) -> None:
    """Outputs, last states, gradients, and the same numbers dropped for the same seed."""
    ours = Recurrent(
        cell,
        input_size=3,
        hidden_size=4,
        num_layers=num_layers,
        dropout=0.4,
        bidirectional=bidirectional,
    )
    inputs = torch.randn(5, 7, 3, requires_grad=True)
    lengths = torch.tensor([2, 7, 2, 1, 5])
    leaves = [inputs, *ours.parameters()]

    torch.manual_seed(2)
    read = ours(inputs, lengths=lengths)
    torch.manual_seed(2)
    packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    outputs, ended = ours.stack(packed)
    parts = ended if isinstance(ended, tuple) else (ended,)
    real = torch.arange(7)[:, None] < lengths[packed.sorted_indices]

    longest_first = read.outputs[packed.sorted_indices].transpose(0, 1)
    torch.testing.assert_close(longest_first[real], outputs.data)
    torch.testing.assert_close(read.state, parts)
    for found, expected in zip(
        torch.autograd.grad(loss(read.outputs, *read.state), leaves),
        torch.autograd.grad(loss(outputs.data, *parts), leaves),
        strict=True,
    ):
        torch.testing.assert_close(found, expected)


def loss(*tensors: Tensor) -> Tensor:
    return sum((tensor.sin().sum() for tensor in tensors), torch.zeros(()))


class Writing(TorchDispatchMode):
    """Counts the numbers that torch's operations write."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and not func.is_view:
            self.count += result.numel()
        return result


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_sentences_twice_as_long_cost_twice_as_much(cell: CellKind) -> None:
    """There and back, in numbers written."""
    stack = Recurrent(cell, input_size=3, hidden_size=4, num_layers=2, dropout=0.2)

    def written(length: int) -> int:
        inputs = torch.randn(8, length, 3)
        with Writing() as writing:
            stack(inputs, lengths=torch.arange(length, length - 8, -1)).outputs.sum().backward()
        return writing.count

    assert written(80) < 2.2 * written(40)
