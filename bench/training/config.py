"""The [training] table of an experiment file."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from bench.data.config import STRICT

Precision = Literal["auto", "float32", "bfloat16"]
ScheduleKind = Literal["constant", "slanted_triangle"]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class TrainingConfig:
    """How a model is trained. The defaults are the lesson's, but for the clipping."""

    epochs: Annotated[int, Field(ge=1)] = 12
    """Passes over the training split."""

    batch_size: Annotated[int, Field(ge=1)] = 125
    """Sentence pairs per optimiser step."""

    learning_rate: Annotated[float, Field(gt=0)] = 3e-3
    """Adam's learning rate, at the schedule's peak."""

    adam_beta1: Annotated[float, Field(ge=0, lt=1)] = 0.8
    """Adam's decay of the mean gradient."""

    adam_beta2: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Adam's decay of the mean squared gradient."""

    schedule: ScheduleKind = "slanted_triangle"
    """How the learning rate moves: `slanted_triangle` climbs from 1/20 to the full rate over the
    first tenth of all steps, then falls back linearly."""

    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0
    """Gradients longer than this are shortened to it; `inf` leaves them alone."""

    teacher_forcing: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Probability, at each decoding step, that the decoder is fed the reference token instead of
    its own last guess."""

    precision: Precision = "auto"
    """Number format of the matrix products; `auto` takes bfloat16 where the device computes it
    faster (GPUs, CPUs with AMX or AVX-512 BF16), else float32. The weights stay float32."""
