"""One recurrent layer on its way through one sequence, and back.

Shapes: B sentences, N rows: the sentences of every step, one step below the other; H hidden
features, G gates.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from bench.compiled.library import Kernels
from bench.model.cells import CELLS
from bench.model.config import CellKind
from bench.model.fused.rows import Rows
from bench.model.products import for_few_rows, multiply, narrowed, weight_gradient
from bench.model.stepping import Layer


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
    joining = [
        Step(step.place, step.rows, step.rows, before.place) for before, step in pairwise(there)
    ]
    return [*reversed(joining), first]


class Tape:
    """A layer's numbers on the way there."""

    def __init__(  # noqa: PLR0913 - whose, how many, and whether they are needed again
        self,
        kernels: Kernels,
        cell: CellKind,
        layer: Layer,
        steps: Sequence[Step],
        *,
        returns: bool,
        state: Sequence[Tensor] = (),
        outputs: Rows | None = None,
    ) -> None:
        """Begin a sequence.

        Args:
            kernels: compiled passes.
            cell: which.
            layer: its parameters.
            steps: in the order that they are taken in.
            returns: whether there will be a way back; what is kept for it is forgotten otherwise.
            state: where the first step begins, parts (B, H); zeros if not given.
            outputs: where to write them, (N, H); None for memory of their own.
        """
        num_rows, num_sentences = sum(step.rows for step in steps), max(step.rows for step in steps)
        self.kernels, self.cell = kernels, cell
        self.weight = narrowed(layer.weight_hidden)
        self._from_fed, self._bias = for_few_rows(self.weight.t()), joint_bias(cell, layer)
        self.dtype, self.size = self.weight.dtype, self.weight.shape[1]
        self.is_narrow = self.dtype != torch.float32
        parts = range(CELLS[cell].num_parts)
        self.outputs = outputs or Rows(num_rows, self.size, self.dtype)
        self._returns = returns
        num_kept = num_rows if returns else num_sentences
        self.kept = Rows(num_kept, CELLS[cell].num_kept * self.size, torch.float32)
        self.befores = [Rows(num_rows, self.size, torch.float32) for _ in parts]
        self.fed = self.befores[0]  # what the product takes
        if self.is_narrow:
            self.fed = Rows(num_rows, self.size, self.dtype)
        self.ended = [torch.empty(num_sentences, self.size) for _ in parts]
        self.is_spent = False
        num_gates = CELLS[cell].num_gates
        self._hidden = torch.empty(num_sentences, num_gates * self.size, dtype=self.dtype)
        self._begin(steps, state)

    def _begin(self, steps: Sequence[Step], state: Sequence[Tensor]) -> None:
        """Put the states that no step leaves behind where they are read."""
        come = 0  # of a step's sentences, how many have been read before
        for step in steps:
            rows = slice(step.place + come, step.place + step.rows)
            come = step.onward
            if rows.start == rows.stop:
                continue
            begun = state or [torch.zeros(())] * len(self.befores)
            for tape, part in zip(self.befores, begun, strict=True):
                tape.all[rows] = part
            self.fed.all[rows] = begun[0]

    def forward(self, step: Step, from_input: int) -> None:
        """Take a step.

        Args:
            step: which.
            from_input: address of what the gates get from the inputs, (rows, G·H), without bias.
        """
        hidden = self._hidden[: step.rows]
        multiply(self.fed.all[step.slice], self._from_fed, to=hidden)
        memory: list[Tensor | float] = []
        if self.cell == "lstm":
            memory = [self.befores[1].at(step.next), self.ended[1]]
        self.kernels(
            f"{self.cell}_forward",
            step.rows, self.size, step.onward, self.outputs.across, from_input, hidden, self._bias,
            self.befores[-1].at(step.place), self.outputs.at(step.place),
            self.befores[0].at(step.next), self.fed.at(step.next), self.ended[0], *memory,
            self.kept.at(step.place if self._returns else 0), self.is_narrow,
        )  # fmt: skip


def joint_bias(cell: CellKind, layer: Layer) -> Tensor:
    """Put together what the passes add, in float32: (H,) for a plain cell, else (4·H,)."""
    of_input, of_hidden = (bias.detach().float() for bias in (layer.bias_input, layer.bias_hidden))
    if cell != "gru":
        return of_input + of_hidden
    size = len(of_input) // 3
    gates, new = 2 * size, slice(2 * size, None)
    return torch.cat([of_input[:gates] + of_hidden[:gates], of_input[new], of_hidden[new]])


class Return:
    """The way back along a tape, which is spent then: gradients take the place of what was kept.

    In float32; narrow ones lie apart, since oneDNN copies a matrix that has gaps between its rows.
    """

    def __init__(self, tape: Tape, to_ended: Sequence[Tensor]) -> None:
        """Begin at the end.

        Args:
            tape: of the way there.
            to_ended: gradients by the state after each sentence, parts (B, H).

        Raises:
            RuntimeError: a second time.
        """
        if tape.is_spent:
            raise RuntimeError("these gradients were asked for before: read the sequence again")
        tape.is_spent = True
        self._tape, self._to_ended = tape, [part.float().contiguous() for part in to_ended]
        num_rows, width = len(tape.kept.real), CELLS[tape.cell].num_gates * tape.size
        is_gru = tape.cell == "gru"  # other cells add what they get of input and state
        if tape.is_narrow:
            self.to_input = Rows(num_rows, width, tape.dtype)
            self.to_hidden = Rows(num_rows, width, tape.dtype) if is_gru else self.to_input
        else:
            self.to_hidden = tape.kept.columns(0, width)
            self.to_input = tape.kept.columns(tape.size, None) if is_gru else self.to_hidden
        self._turned = tape.size if is_gru else 0  # what of the state's gates stands first
        self._to_bias = torch.zeros(4, tape.size)
        self._direct = torch.zeros_like(tape.ended[0])
        self.through_product = torch.empty_like(self._direct, dtype=tape.dtype)
        self._to_fed = for_few_rows(tape.weight.roll(self._turned, 0))

    def back(self, step: Step, to_output: int) -> None:
        """Go back a step.

        Args:
            step: which.
            to_output: address of the gradient by its outputs, (rows, H), as they lie themselves.
        """
        tape, through = self._tape, self.through_product
        to_hidden = [self.to_hidden.at(step.place)] if tape.cell == "gru" else []
        tape.kernels(
            f"{tape.cell}_backward",
            step.rows, tape.size, step.onward, tape.outputs.across,
            tape.befores[-1].at(step.place), tape.kept.at(step.place), to_output, through,
            *self._to_ended, self.to_input.at(step.place), *to_hidden, self._to_bias,
            self._direct, tape.is_narrow,
        )  # fmt: skip
        gradient = self.to_hidden.all[step.slice]
        multiply(gradient, self._to_fed, to=through[: step.rows])

    def to_state(self) -> list[Tensor]:
        """Return the gradients by the state that the sequence began in, parts (B, H)."""
        through = self.through_product.float()
        return [through, self._direct] if self._tape.cell == "lstm" else [through + self._direct]

    def to_weights(self, inputs: Rows) -> Layer:
        """Return the gradients by the layer's parameters, one product for all steps.

        Args:
            inputs: of the layer, (N, I).
        """
        bias, gates = self._to_bias, CELLS[self._tape.cell].num_gates
        to_hidden = weight_gradient(self.to_hidden.all, self._tape.fed.all)
        return Layer(
            weight_input=weight_gradient(self.to_input.all, inputs.all),
            weight_hidden=to_hidden.roll(-self._turned, 0),
            bias_input=bias[:gates].flatten(),
            bias_hidden=(bias[[0, 1, 3]] if self._tape.cell == "gru" else bias[:gates]).flatten(),
        )
