"""Which runs still have to be done, and what becomes of them.

A finished run is reused, an interrupted one goes on, a failed one does not stop the others. All
writing to the tracker happens here, in one process, whatever executes the runs.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from bench.cache import cache_folder
from bench.data.corpus import SplitName
from bench.data.prepared import PreparedCorpus
from bench.engine.execution import ARTIFACTS
from bench.engine.executors.contract import (
    Ended,
    EpochEnded,
    Event,
    Executor,
    Failed,
    Started,
    Task,
)
from bench.engine.locks import allow_locks, take, wait_for
from bench.errors import TrackingError
from bench.experiment.planning import RunSpec
from bench.tracking.result import RunResult
from bench.tracking.store import be_hasty
from bench.tracking.tracker import RunCard, Sample, Tracker

NUM_SAMPLES = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of all runs of an experiment."""

    results: Mapping[str, RunResult] = field(default_factory=dict)
    """By identity; those of earlier commands included."""
    failures: Sequence[Failed] = ()
    reused: int = 0
    """Runs that had been done before."""


def run_all(  # noqa: PLR0913 - what, with what, by whom, to whom
    specs: Sequence[RunSpec],
    data: Mapping[str, PreparedCorpus],
    *,
    executor: Executor,
    tracker: Tracker,
    tags: Mapping[str, str],
    device: str,
    force: bool = False,
    listen: Callable[[Event], None] = lambda _: None,
) -> Outcome:
    """Do what is still to be done, and return all results.

    Args:
        specs: the plan.
        data: prepared data by fingerprint.
        executor: who does it.
        tracker: where it is recorded.
        tags: provenance, for every run.
        device: where to compute.
        force: do finished runs again too; what they came to is found no more.
        listen: told of every event, after the tracker.
    """
    known = {} if force else tracker.find_results([spec.identity for spec in specs])
    todo = {spec.identity: spec for spec in reversed(specs) if spec.identity not in known}
    results, failures = dict(known), list[Failed]()
    record = _Recorder(tracker, data, tags)
    allow_locks(len(todo))
    with ExitStack() as locks:
        ours: list[RunSpec] = []
        held: dict[str, FileLock] = {}
        for spec in reversed(todo.values()):
            lock = take(run_folder(spec))
            if lock:
                held[spec.identity] = lock
                locks.callback(lock.release)
                ours.append(spec)
            else:
                reason = "another command is doing this run right now"
                failures.append(Failed(spec, reason, cause="taken"))
        if force:
            tracker.forget([spec.identity for spec in ours])
            for spec in ours:
                shutil.rmtree(run_folder(spec), ignore_errors=True)
        elif ours:  # another command may have ended since it was asked above
            results |= tracker.find_results([spec.identity for spec in ours])
        reused = len(results)
        tasks = [
            _task(spec, data[spec.data_fingerprint], device)
            for spec in ours
            if spec.identity not in results
        ]

        def hear(event: Event) -> bool:
            record(event)
            if isinstance(event, Ended):
                results[event.spec.identity] = event.result
            elif isinstance(event, Failed):
                failures.append(event)
            if isinstance(event, Ended | Failed):  # nobody need wait for our other runs
                held[event.spec.identity].release()
            listen(event)
            return True

        try:
            executor.run(tasks, hear)
        finally:
            record.abandon_unfinished()
    return Outcome(results, failures, reused=reused)


def run_folder(spec: RunSpec) -> Path:
    """Return where a run keeps its checkpoints while it lasts."""
    return cache_folder() / "runs" / spec.identity


def taken(failures: Sequence[Failed]) -> list[RunSpec]:
    """Return the runs that could not be had, since another command is at work on them."""
    return [failure.spec for failure in failures if failure.cause == "taken"]


def wait_for_others(specs: Sequence[RunSpec]) -> None:
    """Wait until no other command of this machine is at work on these runs."""
    for spec in specs:
        wait_for(run_folder(spec))


class _Recorder:
    """Writes events to the tracker."""

    def __init__(
        self, tracker: Tracker, data: Mapping[str, PreparedCorpus], tags: Mapping[str, str]
    ) -> None:
        self._tracker = tracker
        self._data = data
        self._tags = tags
        self._running: dict[str, RunSpec] = {}

    def __call__(self, event: Event) -> None:
        spec = event.spec
        match event:
            case Started():
                self._running[spec.identity] = spec
                self._tracker.start(run_card(spec, self._data[spec.data_fingerprint], self._tags))
            case EpochEnded():
                self._tracker.log_epoch(spec.identity, event.record)
            case Ended():
                artifacts = run_folder(spec) / ARTIFACTS
                artifacts.mkdir(parents=True, exist_ok=True)
                samples = take_samples(
                    self._data[spec.data_fingerprint], "test", event.result.hypotheses
                )
                self._tracker.finish(spec.identity, event.result, artifacts, samples)
                self._running.pop(spec.identity)
                shutil.rmtree(run_folder(spec), ignore_errors=True)
            case Failed():
                if self._running.pop(spec.identity, None):
                    reason = event.trace or event.reason
                    self._tracker.abandon(spec.identity, status="FAILED", reason=reason)

    def abandon_unfinished(self) -> None:
        """Close what was running when the command was stopped; it can go on later."""
        if self._running:
            be_hasty()  # each would be waited for in turn
        for identity in self._running:
            with suppress(TrackingError):  # the others are to be closed whatever comes of one
                self._tracker.abandon(identity, status="KILLED", reason="interrupted")


def run_card(spec: RunSpec, data: PreparedCorpus, tags: Mapping[str, str]) -> RunCard:
    """Gather what the tracker writes about a run before it starts."""
    own = {
        "experiment": spec.experiment,
        "profile": spec.profile,
        "corpus": data.ledger.corpus,
        "corpus.fingerprint": data.fingerprint,
    }
    if spec.adhoc:
        own["adhoc"] = " ".join(spec.adhoc)
    if spec.chosen_by:
        own["chosen_by"] = spec.chosen_by
    return RunCard(
        identity=spec.identity,
        group=spec.group,
        name=spec.name,
        variant=spec.variant,
        seed=spec.seed,
        params=spec.params(),
        tags={**tags, **own},
        resolved_toml=spec.to_toml(),
        dataset_name=data.ledger.corpus,
        dataset_fingerprint=data.fingerprint,
        ledger=data.ledger.as_text(),
        vectors_ledger=spec.vectors.ledger if spec.vectors else "",
    )


def _task(spec: RunSpec, data: PreparedCorpus, device: str) -> Task:
    return Task(spec=spec, data_folder=data.folder, run_folder=run_folder(spec), device=device)


def take_samples(
    data: PreparedCorpus, split: SplitName, translations: Sequence[str]
) -> Sequence[Sample]:
    """Take translations from all over a split; none where there are none."""
    if not translations:
        return ()
    pairs = data.load_split(split).pairs
    every = max(1, len(pairs) // NUM_SAMPLES)
    return [
        Sample(source=pair.source, reference=pair.target, translation=translation)
        for pair, translation in list(zip(pairs, translations, strict=True))[::every]
    ]
