"""The [search] table of an experiment file: what may be tuned, how, and at what cost."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from bench.data.config import STRICT

SamplerName = Literal["random", "quasi_random", "tpe"]
PrunerName = Literal["none", "median", "hyperband"]
ObjectiveName = Literal["bleu", "chrf", "loss", "seconds", "parameters"]
SCORES = ("bleu", "chrf", "loss")
"""Objectives that are scores on the validation split."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Range:
    """Numbers between two ends, both included."""

    low: int | float
    high: int | float
    log: bool = False
    """Equal factors are equally likely, instead of equal steps."""
    step: int | float | None = None

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range begins above 0, got {self.low}")
        if self.log and self.step is not None:
            raise ValueError("log and step do not go together")
        if self.step is not None and self.step <= 0:
            raise ValueError(f"step must be above 0, got {self.step}")

    @property
    def samples(self) -> tuple[Any, ...]:
        """Values that must all be allowed for the range to be."""
        return (self.low, self.high)


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Choices:
    """One of these."""

    choices: Annotated[tuple[bool | int | float | str, ...], Field(min_length=2)]

    @property
    def samples(self) -> tuple[Any, ...]:
        """Values that must all be allowed for the choice to be."""
        return self.choices


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class SearchConfig:
    """How each variant is tuned: the same space, sampler and budget for all."""

    space: Mapping[str, Range | Choices] = Field(default_factory=dict)
    """By dotted name, such as `training.learning_rate = {low = 1e-4, high = 1e-2, log = true}` or
    `model.num_layers = {choices = [1, 2]}`."""

    sampler: SamplerName = "quasi_random"
    """How trials are drawn. The expected score of the best of n is drawn from `random` and
    `quasi_random` studies alone; `tpe` finds better ones sooner."""

    pruner: PrunerName = "none"
    """When a trial is given up: `median` if it is behind the others at the same
    epoch, `hyperband` by successive halving (https://arxiv.org/abs/1603.06560)."""

    trials: Annotated[int, Field(ge=1)] = 20
    """How many each variant has, those of earlier commands counted."""

    objectives: Annotated[tuple[ObjectiveName, ...], Field(min_length=1)] = ("bleu",)
    """What is sought. First a score on the validation split, at the best epoch: `bleu` and `chrf`
    as high, `loss` as low as can be. With more of them, such as `["bleu", "seconds"]` (seconds of
    training, or `parameters`, as few as can be), the answer is a Pareto front."""

    epochs: Annotated[int, Field(ge=1)] | None = None
    """That each trial is trained for; as many as the variant's runs if not given."""

    seed: Annotated[int, Field(ge=0)] = 1
    """Of the sampler, and of every trial's training."""

    finalists: Annotated[int, Field(ge=1)] = 3
    """How many of the best trials of each variant are trained again."""

    fresh_seeds: Annotated[int, Field(ge=1)] = 3
    """How many seeds each of them is trained again with: those that follow `seed`. The best by
    their mean is what is compared, with the seeds that follow these."""

    def __post_init__(self) -> None:
        if self.objectives[0] not in SCORES:
            raise ValueError(f"the first objective is one of {', '.join(SCORES)}")
        if len(set(self.objectives)) < len(self.objectives):
            raise ValueError("an objective is named twice")
        if len(self.objectives) > 1 and self.pruner != "none":
            raise ValueError('several objectives know no pruning: pruner = "none"')

    @property
    def metric(self) -> str:
        """The score that selects a trial's epoch."""
        return self.objectives[0]

    @property
    def retrial_seeds(self) -> range:
        """Seeds with which the best trials are trained again."""
        return range(self.seed + 1, self.seed + 1 + self.fresh_seeds)

    def comparison_seeds(self, number: int) -> range:
        """Return that many seeds that have chosen nothing."""
        first = self.seed + 1 + self.fresh_seeds
        return range(first, first + number)
