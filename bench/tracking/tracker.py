"""What it takes to keep a record of runs, whatever keeps it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from bench.tracking.result import EpochRecord, RunResult

Status = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunCard:
    """What is written about a run before it starts."""

    identity: str
    group: str
    """What its variant's other seeds share with it."""
    name: str
    variant: str
    seed: int
    params: Mapping[str, str]
    """The resolved configuration, by dotted name."""
    tags: Mapping[str, str]
    resolved_toml: str
    dataset_name: str
    dataset_fingerprint: str
    ledger: str
    """What preparation kept and removed, as JSON."""
    kind: Literal["run", "trial"] = "run"
    """A run to be compared, or a trial of a search."""
    study: str = ""
    """Name of a trial's study."""
    vectors_ledger: str = ""
    """Which words found a vector, as JSON; "" for embeddings that begin at random."""


class Sample(NamedTuple):
    """One translated test sentence."""

    source: str
    reference: str
    translation: str


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantSummary:
    """One variant over all its seeds: what its parent run carries."""

    variant: str
    group: str
    colour: str
    """As `#rrggbb`."""
    runs: Sequence[RunResult]
    note: str
    """Its sentence in the answer, in Markdown."""
    figures: Mapping[str, float]
    """Of its difference to the baseline, as metrics by name."""
    verdict: str
    """The baseline has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudySummary:
    """What a study's parent run carries."""

    group: str
    """What its trials share."""
    colour: str
    """As `#rrggbb`."""
    best: Sequence[str]
    """Identities of its best trials: one, or those of a Pareto front."""
    note: str
    """What it came to, in Markdown."""
    figures: Mapping[str, float]
    """As metrics by name."""
    plots: Mapping[str, str]
    """SVG texts by name."""


class Tracker(Protocol):
    """Keeps the record of one experiment. Runs are spoken of by their identity."""

    def find_results(self, identities: Iterable[str]) -> dict[str, RunResult]:
        """Return the results of those runs that have ended, finished or diverged."""

    def forget(self, identities: Iterable[str]) -> None:
        """Have the results of these runs found no more: they are to be done again."""

    def start(self, card: RunCard) -> None:
        """Open a run, or go on with an interrupted one of the same identity."""

    def log_epoch(self, identity: str, record: EpochRecord) -> None:
        """Write one epoch's metrics."""

    def finish(
        self, identity: str, result: RunResult, artifacts: Path, samples: Sequence[Sample]
    ) -> None:
        """Write the result, sample translations and the files of a run, and close it."""

    def abandon(self, identity: str, *, status: Status, reason: str) -> None:
        """Close a run that gave no result."""

    def summarise(self, summary: VariantSummary) -> None:
        """Write a variant's parent run: mean curves, test mean and deviation over seeds."""


class TrialTracker(Protocol):
    """Keeps the record of searches. Trials are spoken of by their identity."""

    def start(self, card: RunCard) -> None:
        """Open a trial, or go on with an interrupted one of the same identity."""

    def log_epoch(self, identity: str, record: EpochRecord) -> None:
        """Write one epoch's metrics."""

    def finish_trial(self, identity: str, *, status: Status, tags: Mapping[str, str]) -> None:
        """Close a trial for good."""

    def abandon(self, identity: str, *, status: Status, reason: str) -> None:
        """Close a trial that may be taken up again."""


class NullTracker:
    """Keeps nothing."""

    def find_results(self, identities: Iterable[str]) -> dict[str, RunResult]:  # noqa: ARG002
        """Know of no run."""
        return {}

    def forget(self, identities: Iterable[str]) -> None:
        """Do nothing."""

    def start(self, card: RunCard) -> None:
        """Do nothing."""

    def log_epoch(self, identity: str, record: EpochRecord) -> None:
        """Do nothing."""

    def finish(
        self, identity: str, result: RunResult, artifacts: Path, samples: Sequence[Sample]
    ) -> None:
        """Do nothing."""

    def abandon(self, identity: str, *, status: Status, reason: str) -> None:
        """Do nothing."""

    def summarise(self, summary: VariantSummary) -> None:
        """Do nothing."""
