"""What a study came to: plain figures, for tables, comparisons and reports."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from bench.evaluation.metrics import higher_is_better
from bench.experiment.search import SearchConfig

State = Literal["complete", "pruned", "failed"]
FEWEST_FOR_BEST_OF = 4
"""Trials of a variant: what the best of n scores is known for n up to a quarter of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialRecord:
    """A trial that has ended."""

    number: int
    state: State
    settings: Mapping[str, Any]
    """By dotted name."""
    values: Sequence[float]
    """One per objective; none if it is not complete."""
    identity: str = ""
    """In the tracker's record."""
    seconds: float | None = None
    """From its start to its end, evaluation and all; None of trials noted before it was kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyRecord:
    """The trials of one variant that count and have ended, in the order they were drawn."""

    name: str
    group: str = ""
    """In the tracker's record."""
    objectives: Sequence[str]
    trials: Sequence[TrialRecord]
    front: Sequence[int] = ()
    """Numbers of those that no other is better than by every objective."""
    importances: Mapping[str, float] = Field(default_factory=dict)
    """Share of the score's variance that each setting explains, by fANOVA: a hint."""
    num_uncounted: int = 0
    """Trials of an earlier command, which wanted more of them."""

    @property
    def complete(self) -> list[TrialRecord]:
        """Trials that were trained to their end."""
        return [trial for trial in self.trials if trial.state == "complete"]

    def count(self, state: State) -> int:
        """Count the trials that ended so."""
        return sum(trial.state == state for trial in self.trials)

    @property
    def seconds(self) -> float | None:
        """What its trials took, one after the other."""
        return total_seconds([trial.seconds for trial in self.trials])

    def top(self, number: int) -> list[TrialRecord]:
        """Return the best settings by the first objective, the best ones first."""
        sign = -1 if higher_is_better(self.objectives[0]) else 1
        chosen: list[TrialRecord] = []
        for trial in sorted(self.complete, key=lambda trial: sign * trial.values[0]):
            if all(trial.settings != other.settings for other in chosen):
                chosen.append(trial)
        return chosen[:number]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finalist:
    """One of a study's best trials, trained again with seeds that the search never saw."""

    trial: TrialRecord
    fresh: Mapping[int, float]
    """Its score by seed, by the first objective."""
    seconds: float | None = None
    """What these trainings took, one after the other."""

    @property
    def searched(self) -> float:
        """Score in the search, which it was chosen for."""
        return self.trial.values[0]

    @property
    def fresh_mean(self) -> float:
        """Score to expect of it."""
        return fmean(self.fresh.values())

    @property
    def gap(self) -> float:
        """What its score in the search owed to luck: that score minus the fresh one."""
        return self.searched - self.fresh_mean


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchRecord:
    """A search: a study per variant, and their best trials with fresh seeds."""

    config: SearchConfig
    studies: Mapping[str, StudyRecord]
    """By variant."""
    finalists: Mapping[str, Sequence[Finalist]]
    """By variant, the best in the search first."""

    def winner(self, variant: str) -> Finalist:
        """Return a variant's winner."""
        return choose_winner(self.finalists[variant], objective=self.config.metric)

    @property
    def is_for_best_of(self) -> bool:
        """Tell whether the best of n may be drawn from it.

        The trials must be drawn without regard to each other's scores, the same settings for each
        variant, trained to their end, and enough to tell anything.
        """
        first, *others = (
            [trial.settings for trial in study.trials] for study in self.studies.values()
        )
        complete = all(len(study.complete) == len(study.trials) for study in self.studies.values())
        fair = self.config.sampler != "tpe" and self.config.pruner == "none"
        alike = all(settings == first for settings in others)
        return fair and complete and alike and len(first) >= FEWEST_FOR_BEST_OF


def total_seconds(parts: Sequence[float | None]) -> float | None:
    """Return the sum, None if a part is not known."""
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def choose_winner(finalists: Sequence[Finalist], *, objective: str) -> Finalist:
    """Return the best finalist by its fresh seeds; the search's own score no longer counts."""
    sign = 1 if higher_is_better(objective) else -1
    return max(finalists, key=lambda finalist: sign * finalist.fresh_mean)
