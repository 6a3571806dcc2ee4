"""The [evaluation] table of an experiment file."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from bench.data.config import STRICT


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class EvaluationConfig:
    """How a model is decoded, scored and selected."""

    select_on: Literal["bleu", "chrf", "loss"] = "bleu"
    """Score on the validation split that decides which epoch's model is kept."""

    batch_size: Annotated[int, Field(ge=1)] = 400
    """Sentences decoded at a time; has no effect on the scores, unless padding is read as words are
    (`model.mask_padding = false`)."""

    max_length: Annotated[int, Field(ge=1)] = 50
    """Most tokens of a translation."""

    beam_size: Annotated[int, Field(ge=1)] = 1
    """Hypotheses carried along in beam search; 1 is greedy decoding."""

    length_penalty: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Beam search divides a translation's log-probability by its length to this power; 0 leaves
    short ones at an advantage."""

    equivalence_margin: Annotated[float, Field(gt=0)] = 0.5
    """Differences in BLEU that nobody would care about: within ± this, variants are equivalent."""
