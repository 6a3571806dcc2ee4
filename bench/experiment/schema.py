"""What an experiment file may say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic.dataclasses import dataclass as strict_dataclass

from bench.data.config import STRICT, DataConfig, VectorsConfig
from bench.evaluation.config import EvaluationConfig
from bench.experiment.search import SearchConfig
from bench.model.config import ModelConfig
from bench.training.config import TrainingConfig

NO_VECTORS = VectorsConfig()


@dataclass(frozen=True, kw_only=True, slots=True)
class RunConfig:
    """All that decides a run's numbers but its seed; each stage reads its own part."""

    data: DataConfig
    model: ModelConfig
    training: TrainingConfig
    evaluation: EvaluationConfig
    vectors: VectorsConfig = NO_VECTORS


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One of the things compared."""

    name: str
    config: RunConfig
    match_parameters: str | None
    """Another variant: this one's hidden sizes are scaled until it has as many parameters."""
    replica: int = 0
    """Other draws of initialisation, dropout and teacher forcing, with the same batches: the same
    settings under another name, to see how much of a difference is chance."""


@strict_dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Expectation:
    """An effect that was published: variant minus baseline, a range."""

    variant: str
    metric: Literal["bleu", "loss"] = "bleu"
    low: float
    high: float | None = None
    """None: nothing more was said than that it is above `low`."""
    source: str
    """Where it was published, and what to know about it."""

    def __post_init__(self) -> None:
        if self.high is not None and self.low > self.high:
            raise ValueError("low must not be above high")


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """A question, a baseline and its variants, at one size."""

    name: str
    question: str
    baseline: str
    seeds: Sequence[int]
    variants: Mapping[str, Variant]
    profile: str
    expected: Sequence[Expectation]
    search: SearchConfig
    """How variants are tuned."""
    adhoc: Sequence[str]
    """Settings changed on the command line: such runs are for trying things."""
