"""Stacks of recurrent cells behind one face: all else sees only their state type.

Shapes: B sentences, T tokens, L layers, D directions, I input features, H hidden features.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from bench.compiled.library import kernels_for
from bench.model.cells import CELLS
from bench.model.config import CellKind
from bench.model.dropout import Dropout
from bench.model.packed import pack, read_packed
from bench.model.products import knows_bfloat16
from bench.model.stepping import Layer, Stepper

State = tuple[Tensor, ...]
"""What a stack carries from step to step, each part (L·D, B, H): one part, an LSTM's has two."""

PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
"""torch's names of a layer's parameters."""


class Unrolled(NamedTuple):
    """What a stack gives after reading a sequence."""

    outputs: Tensor  # (B, T, D·H), of the top layer
    state: State  # after each sentence's last real token


class Recurrent(nn.Module):
    """A stack of recurrent layers with dropout between them."""

    def __init__(  # noqa: PLR0913 - torch's own six, and where forget gates begin
        self,
        cell: CellKind,
        *,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        dropout: float,
        bidirectional: bool = False,
        forget_bias: float = 1.0,
    ) -> None:
        super().__init__()
        self._cell = cell
        self.stack = CELLS[cell].sequence(
            input_size,
            hidden_size,
            num_layers,
            dropout=dropout if num_layers > 1 else 0.0,
            bidirectional=bidirectional,
            batch_first=True,
        )
        if cell == "lstm":
            _open_forget_gates(self.stack, forget_bias)

    def forward(
        self, inputs: Tensor, state: State | None = None, *, lengths: Tensor | None = None
    ) -> Unrolled:
        """Read sequences from left to right, or in both directions.

        Args:
            inputs: (B, T, I).
            state: where to start; zeros if not given, and where lengths are.
            lengths: real tokens of each sentence, (B,), on the CPU. With it padding is never
                read; without it every position counts.
        """
        if lengths is not None:
            return self._read_packed(inputs, lengths)
        if state is not None:
            state = tuple(map(_as_torch_takes, state))
        with _as_torch_computes(inputs.device):
            begun = state if state is None or len(state) > 1 else state[0]
            outputs, ended = self.stack(_as_torch_takes(inputs), begun)
        return Unrolled(outputs, ended if isinstance(ended, tuple) else (ended,))

    def _read_packed(self, inputs: Tensor, lengths: Tensor) -> Unrolled:
        """Read real tokens only, packed by where they stand: one gather there, one put back.

        torch's own packing would ask a GPU for the sentences' order, and copy step by step.
        """
        packing = pack(lengths, num_positions=inputs.shape[1])
        places, back = (
            each.to(inputs.device, non_blocking=True) for each in (packing.places, packing.back)
        )
        rows = inputs.flatten(0, 1).index_select(0, places)
        read, ended = self._stack_over(PackedSequence(rows, packing.sizes))
        blank = read.data.new_zeros(len(lengths) * inputs.shape[1], read.data.shape[1])
        outputs = blank.index_copy(0, places, read.data)
        return Unrolled(
            outputs.unflatten(0, inputs.shape[:2]),
            tuple(part.index_select(1, back) for part in ended),
        )

    def _stack_over(self, packed: PackedSequence) -> tuple[PackedSequence, State]:
        """Read packed sentences: by torch's stack, but where its gradients would cost too much."""
        on_cpu = packed.data.device.type == "cpu"
        if on_cpu and (torch.is_grad_enabled() or kernels_for(packed.data)):
            return read_packed(self._cell, self._layers(), packed, dropout=self._dropout)
        with _as_torch_computes(packed.data.device):
            outputs, ended = self.stack(packed._replace(data=_as_torch_takes(packed.data)))
        return outputs, ended if isinstance(ended, tuple) else (ended,)

    def stepper(self) -> Stepper:
        """Begin a sequence that is stepped through."""
        layers = [forwards for forwards, *_ in self._layers()]
        return Stepper(self._cell, layers, dropout=self._dropout)

    def _layers(self) -> list[list[Layer]]:
        """Return the layers from the bottom, each one's directions."""
        directions = ("", "_reverse") if self.stack.bidirectional else ("",)
        return [
            [
                Layer(*(getattr(self.stack, f"{name}_l{depth}{way}") for name in PARAMETERS))
                for way in directions
            ]
            for depth in range(self.stack.num_layers)
        ]

    @property
    def _dropout(self) -> float:
        return self.stack.dropout if self.training else 0.0


class CellStack(nn.Module):
    """The same stack out of one-step cells, for sequences that are stepped through anyway.

    Its parameters are drawn in the order of `Recurrent`'s, so that one seed gives both the same.
    """

    def __init__(
        self,
        cell: CellKind,
        *,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        dropout: float,
        forget_bias: float = 1.0,
    ) -> None:
        super().__init__()
        self._cell = cell
        widths = [input_size] + [hidden_size] * (num_layers - 1)
        self.cells = nn.ModuleList(CELLS[cell].stepper(width, hidden_size) for width in widths)
        self.dropout = Dropout(dropout)
        if cell == "lstm":
            for layer in self.cells:
                _open_forget_gates(layer, forget_bias)

    def forward(self, inputs: Tensor, state: State) -> Unrolled:
        """Take one step: inputs (B, 1, I), state parts (L, B, H)."""
        below = _as_torch_takes(inputs[:, 0])
        layers: list[State] = []
        with _as_torch_computes(inputs.device):
            for depth, cell in enumerate(self.cells):
                own = tuple(_as_torch_takes(part[depth]) for part in state)
                below = self.dropout(below) if depth else below
                after = cell(below, own if len(own) > 1 else own[0])
                layers.append(after if isinstance(after, tuple) else (after,))
                below = layers[-1][0]
        parts = zip(*layers, strict=True)
        return Unrolled(below[:, None], tuple(torch.stack(part) for part in parts))

    def stepper(self) -> Stepper:
        """Begin a sequence that is stepped through."""
        layers = [Layer(*(getattr(cell, name) for name in PARAMETERS)) for cell in self.cells]
        return Stepper(self._cell, layers, dropout=self.dropout.p if self.training else 0.0)


def _as_torch_takes(numbers: Tensor) -> Tensor:
    """Return numbers for a stack or cell of torch's: float32 on a GPU, see `_as_torch_computes`."""
    return numbers.float() if numbers.device.type == "cuda" else numbers


@contextmanager
def _as_torch_computes(device: torch.device) -> Iterator[None]:
    """Within, torch's stacks and cells get a number format that they have, not what autocast asks.

    On a GPU autocast hands cuDNN float16 in bfloat16's place, whose small gradients are zeros
    (https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/cudnn/AutocastRNN.cpp). It is left
    out there, and cuDNN multiplies in TF32.

    On a CPU oneDNN is left out where it knows no bfloat16, of which it makes no LSTM then. It has
    some from AVX-512 on. Torch's own cells take its place: theirs are the same products.
    """
    if device.type == "cuda":
        with torch.autocast("cuda", enabled=False):
            yield
        return
    narrow = device.type == "cpu" and torch.is_autocast_enabled("cpu")
    is_asked = narrow and torch.backends.mkldnn.is_available()
    if not is_asked or knows_bfloat16():
        yield
        return
    enabled, *_ = torch.backends.mkldnn.set_flags(False)
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(enabled)


def _open_forget_gates(stack: nn.Module, bias: float) -> None:
    """Let an LSTM remember at first (https://proceedings.mlr.press/v37/jozefowicz15.html, 3.4).

    torch's gates are i, f, g, o, and their biases come in two vectors that are added.
    """
    with torch.no_grad():
        for name, parameter in stack.named_parameters():
            if name.startswith("bias_hh"):
                forget = parameter.chunk(4)[1]
                forget.fill_(bias)
