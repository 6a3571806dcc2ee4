"""One recurrent layer on its way through one sequence, and back.

Shapes: B sentences, N rows: the sentences of every step, one step below the other; H hidden
features, G gates.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bench.compiled.library import Kernels
from bench.model.config import CellKind
from bench.model.products import narrowed, rounded_up
from bench.model.gates import STATE_PARTS
from bench.model.stepping import Layer

GATES: dict[CellKind, int] = {"gru": 3, "lstm": 4}
"""Of each cell that is compiled, G."""
KEPT: dict[CellKind, int] = {"gru": 4, "lstm": 5}
"""Numbers a feature that its step keeps for the way back."""


class Step(NamedTuple):
    """Where on the tape a step is."""

    place: int
    """Its first row."""
    rows: int
    """How many sentences are read."""
    onward: int
    """How many of them, the first ones, go on to the next step."""
    next: int
    """That one's first row."""

    @property
    def slice(self) -> slice:
        """Return its rows."""
        return slice(self.place, self.place + self.rows)


def forwards(sizes: Sequence[int]) -> list[Step]:
    """Lay out steps of as many sentences each, fewer and fewer."""
    steps, place = list[Step](), 0
    for rows, onward in zip(sizes, [*sizes[1:], 0], strict=True):
        steps.append(Step(place, rows, onward, place + rows))
        place += rows
    return steps


def backwards(sizes: Sequence[int]) -> list[Step]:
    """Lay out the same steps from the last to the first: sentences join, and none leaves."""
    there = forwards(sizes)
    first = Step(0, sizes[0], 0, 0)
    return [
        Step(step.place, step.rows, step.rows, before.place)
        for before, step in zip(there, there[1:], strict=False)
    ][::-1] + [first]


class Rows:
    """Numbers, (N, F), with zeros below up to a round number of rows."""

    def __init__(self, rows: int, features: int, dtype: torch.dtype, *, blank: bool = False) -> None:
        """Take the memory.

        Args:
            rows: N.
            features: F.
            dtype: of the numbers.
            blank: whether all begin at zero.
        """
        self.all = torch.empty(rounded_up(rows, dtype), features, dtype=dtype)
        self.all[0 if blank else rows :] = 0
        self.real = self.all[:rows]
        self._base, self._stride = self.all.data_ptr(), features * self.all.element_size()

    def at(self, row: int) -> int:
        """Return where in memory a row begins."""
        return self._base + row * self._stride


class Tape:
    """A layer's numbers on the way there."""

    def __init__(
        self, kernels: Kernels, cell: CellKind, layer: Layer, *, num_rows: int, num_sentences: int
    ) -> None:
        """Begin a sequence in a state of zeros.

        Args:
            kernels: compiled passes.
            cell: which.
            layer: its parameters.
            num_rows: N.
            num_sentences: B.
        """
        self.kernels, self.cell = kernels, cell
        self.weight, self._bias = narrowed(layer.weight_hidden), narrowed(layer.bias_hidden)
        self.dtype, self.size = self.weight.dtype, self.weight.shape[1]
        self.is_narrow = self.dtype != torch.float32
        parts = range(STATE_PARTS[cell])
        self.outputs = Rows(num_rows, self.size, self.dtype)
        self.kept = Rows(num_rows, KEPT[cell] * self.size, torch.float32)
        self.befores = [Rows(num_rows, self.size, torch.float32, blank=True) for _ in parts]
        self.fed = self.befores[0]  # what the product takes
        if self.is_narrow:
            self.fed = Rows(num_rows, self.size, self.dtype, blank=True)
        self.ended = [torch.empty(num_sentences, self.size) for _ in parts]
        self._hidden = torch.empty(num_sentences, GATES[cell] * self.size, dtype=self.dtype)

    def begin(self, state: Sequence[Tensor]) -> None:
        """Begin in another state, parts (B, H), on a tape whose first step is at its first row."""
        for tape, part in zip(self.befores, state, strict=True):
            tape.real[: len(part)] = part
        if self.is_narrow:
            self.fed.real[: len(state[0])] = state[0]

    def forward(self, step: Step, from_input: int) -> None:
        """Take a step.

        Args:
            step: which.
            from_input: address of what the gates get from the inputs, (rows, G·H).
        """
        hidden = self._hidden[: step.rows]
        torch.addmm(self._bias, self.fed.all[step.slice], self.weight.t(), out=hidden)
        memory = [self.befores[1].at(step.next), self.ended[1]] if self.cell == "lstm" else []
        self.kernels(
            f"{self.cell}_forward",
            step.rows, self.size, step.onward, from_input, hidden,
            self.befores[-1].at(step.place), self.outputs.at(step.place),
            self.befores[0].at(step.next), self.fed.at(step.next), self.ended[0], *memory,
            self.kept.at(step.place), self.is_narrow,
        )  # fmt: skip


class Return:
    """The way back along a tape."""

    def __init__(self, tape: Tape, to_ended: Sequence[Tensor]) -> None:
        """Begin at the end.

        Args:
            tape: of the way there.
            to_ended: gradients by the state after each sentence, parts (B, H).
        """
        self._tape, self._to_ended = tape, [part.float().contiguous() for part in to_ended]
        num_rows, width = len(tape.kept.real), GATES[tape.cell] * tape.size
        self.to_input = Rows(num_rows, width, tape.dtype)
        self.to_hidden = self.to_input  # the same for an LSTM, whose gates add them
        if tape.cell == "gru":
            self.to_hidden = Rows(num_rows, width, tape.dtype)
        self._to_bias = torch.zeros(4, tape.size)
        self._direct = torch.empty_like(tape.ended[0])
        self.through_product = torch.empty_like(self._direct, dtype=tape.dtype)
        # A narrow product takes twice the time with a matrix whose rows are no multiple of 32
        # long, unless it lies so.
        self._turned = tape.weight.t().contiguous() if tape.is_narrow else tape.weight.t()

    def back(self, step: Step, to_output: int) -> None:
        """Go back a step.

        Args:
            step: which.
            to_output: address of the gradient by its outputs, (rows, H).
        """
        tape, through = self._tape, self.through_product
        to_hidden = [self.to_hidden.at(step.place)] if tape.cell == "gru" else []
        tape.kernels(
            f"{tape.cell}_backward",
            step.rows, tape.size, step.onward, tape.befores[-1].at(step.place),
            tape.kept.at(step.place), to_output, through, *self._to_ended,
            self.to_input.at(step.place), *to_hidden, self._to_bias, self._direct, tape.is_narrow,
        )  # fmt: skip
        gradient = self.to_hidden.all[step.slice]
        torch.mm(gradient, self._turned.t(), out=through[: step.rows])

    def to_state(self) -> list[Tensor]:
        """Return the gradients by the state that the sequence began in, parts (B, H)."""
        through = self.through_product.float()
        return [through + self._direct] if self._tape.cell == "gru" else [through, self._direct]

    def to_weights(self, inputs: Rows) -> Layer:
        """Return the gradients by the layer's parameters, one product for all steps.

        Args:
            inputs: of the layer, (N, I).
        """
        bias = self._to_bias
        return Layer(
            weight_input=(self.to_input.all.t() @ inputs.all).float(),
            weight_hidden=(self.to_hidden.all.t() @ self._tape.fed.all).float(),
            bias_input=bias[: GATES[self._tape.cell]].flatten(),
            bias_hidden=(bias if self._tape.cell == "lstm" else bias[[0, 1, 3]]).flatten(),
        )
