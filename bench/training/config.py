"""The [training] table of an experiment file."""

import math
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from bench.data.config import STRICT

Precision = Literal["auto", "float32", "bfloat16"]
LossKind = Literal["real_tokens", "every_position"]
ScheduleKind = Literal["constant", "slanted_triangle", "one_cycle", "cosine"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class TrainingConfig:
    """How a model is trained.

    The defaults are the lesson's, but that the decoder is fed the reference, real tokens alone
    count, and gradients are clipped.
    """

    epochs: Annotated[int, Field(ge=1)] = 12
    """Passes over the training split."""

    budget: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the epochs that are trained, the schedule fitted into them: to compare schedules at
    several budgets. It must leave a whole number of epochs."""

    batch_size: Annotated[int, Field(ge=1)] = 125
    """Sentence pairs per optimiser step."""

    learning_rate: Annotated[float, Field(gt=0)] = 3e-3
    """Adam's learning rate, at the schedule's peak."""

    adam_beta1: Annotated[float, Field(ge=0, lt=1)] = 0.8
    """Adam's decay of the mean gradient."""

    adam_beta2: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Adam's decay of the mean squared gradient."""

    schedule: ScheduleKind = "slanted_triangle"
    """How the learning rate moves: `constant` not at all; `slanted_triangle` climbs from 1/20 to
    the full rate over the first tenth of all steps, then falls back linearly; `one_cycle` climbs
    and falls over nine tenths while Adam's first beta does the reverse, then fades out; `cosine`
    falls to 0 along half a cosine."""

    max_gradient_norm: Annotated[float, Field(gt=0, allow_inf_nan=True)] = 1.0
    """Gradients longer than this are shortened to it; `inf` leaves them alone."""

    teacher_forcing: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Probability, at each decoding step, that the decoder is fed the reference token instead of
    its own last guess; in the first epoch."""

    teacher_forcing_fall: Annotated[float, Field(ge=0, le=1)] = 0.0
    """By how much `teacher_forcing` falls from epoch to epoch, down to 0; the lesson's is 0.1."""

    loss: LossKind = "real_tokens"
    """What is averaged: the cross-entropy of real target tokens, or that of every position, padding
    included, as in the lesson. Validation and test always count real tokens."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the probability that the loss asks to spread over the whole vocabulary."""

    precision: Precision = "auto"
    """Number format of the matrix products; `auto` takes bfloat16 where the device computes it
    faster (GPUs, CPUs with AMX or AVX-512 BF16), else float32. The weights stay float32. On a GPU
    layers that read a sequence in one call take TF32 where bfloat16 is asked for."""

    def __post_init__(self) -> None:
        if not math.isclose(self.epochs * self.budget, self.num_epochs) or not self.num_epochs:
            raise ValueError(
                f"epochs × budget must be a whole number; {self.epochs} × {self.budget:g} is not"
            )

    @property
    def num_epochs(self) -> int:
        """Epochs trained within the budget."""
        return round(self.epochs * self.budget)
