"""All studies of an experiment at once: whose trial is next, and what becomes of it."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from optuna.trial import TrialState

from bench.cache import cache_folder
from bench.data.prepared import PreparedCorpus
from bench.engine.executors.contract import (
    Ended,
    EpochEnded,
    Event,
    Executor,
    Failed,
    Started,
    Task,
)
from bench.engine.scheduling import run_card
from bench.errors import BenchError, TrackingError
from bench.experiment.planning import RunSpec
from bench.search.attempts import KEY
from bench.search.lease import Lease
from bench.search.storage import storage_errors
from bench.search.study import RunningTrial, VariantStudy
from bench.tracking.store import be_hasty
from bench.tracking.tracker import RunCard, Status, TrialTracker

STATUS: dict[TrialState, Status] = {
    TrialState.COMPLETE: "FINISHED",
    TrialState.PRUNED: "KILLED",
    TrialState.FAIL: "FAILED",
}

Key = tuple[str, int, int]
"""A variant, the number of a trial, and a seed."""


def search_all(  # noqa: PLR0913 - what, with what, by whom, to whom
    studies: Mapping[str, VariantStudy],
    data: Mapping[str, PreparedCorpus],
    *,
    executor: Executor,
    tracker: TrialTracker,
    tags: Mapping[str, str],
    device: str,
    listen: Callable[[Event], None],
) -> None:
    """Do the trials that are lacking, of all variants in turn.

    Args:
        studies: by variant.
        data: prepared data by fingerprint.
        executor: who does it.
        tracker: where it is recorded.
        tags: provenance, for every trial.
        device: where to compute.
        listen: told of every event, after study and tracker.
    """
    search = _Search(studies, data, tracker, tags, device)

    def hear(event: Event) -> bool:
        go_on = search.hear(event)
        listen(event)
        return go_on

    with Lease(search.mark) as lease:
        try:
            # Once more while there is something: a trial whose process died is to be tried again
            # after the last of the others has begun.
            while first := search.next_task(lease):
                executor.run(search.tasks(first, lease), hear)
        finally:
            search.leave()


class _Search:
    def __init__(
        self,
        studies: Mapping[str, VariantStudy],
        data: Mapping[str, PreparedCorpus],
        tracker: TrialTracker,
        tags: Mapping[str, str],
        device: str,
    ) -> None:
        self._studies = studies
        self._data = data
        self._tracker = tracker
        self._tags = tags
        self._device = device
        self._running: dict[Key, RunningTrial] = {}

    def tasks(self, first: Task, lease: Lease) -> Iterator[Task]:
        """Make tasks as there is somebody to do them."""
        task: Task | None = first
        while task is not None:
            yield task
            task = self.next_task(lease)

    def next_task(self, lease: Lease) -> Task | None:
        """Ask the study that is least far for a trial, or else the next one."""
        for study in sorted(self._studies.values(), key=lambda study: len(study.counted())):
            running = study.next_trial(lease.attributes())
            if running is not None:
                spec = running.spec
                self._running[_key(spec)] = running
                return Task(
                    spec=spec,
                    data_folder=self._data[spec.data_fingerprint].folder,
                    run_folder=_folder(running),
                    device=self._device,
                    opens_test=False,
                )
        return None

    def hear(self, event: Event) -> bool:
        """Tell study and tracker what happened; return whether that trial is to go on."""
        spec, key = event.spec, _key(event.spec)
        study, running = self._studies[spec.variant], self._running[key]
        identity = study.identity(running.trial)
        match event:
            case Started():
                self._tracker.start(self._card(study, running))
            case EpochEnded():
                self._tracker.log_epoch(identity, event.record)
                return study.hear_epoch(running, event.record)
            case Ended():
                state = study.hear_result(running, event.result)
                self._close(key, status=STATUS[state], tags={"trial": str(spec.trial)})
            case Failed(cause="system"):  # it would refuse the others too: left as by Ctrl-C
                raise BenchError(
                    f"{spec.name}: {event.reason}\n"
                    "What has been done is kept; once that is mended, the same command goes on"
                )
            case Failed(cause="died" | "device") if study.revives(running):
                del self._running[key]  # the next try goes on with the same record
                self._tracker.abandon(identity, status="FAILED", reason=event.reason)
            case Failed():
                study.hear_failure(running)
                self._close(key, status="FAILED", tags={"detail": event.reason})
        return True

    def _close(self, key: Key, *, status: Status, tags: Mapping[str, str]) -> None:
        """Record how a trial ended, or have it done again from its last epoch on."""
        running = self._running[key]
        study = self._studies[running.spec.variant]
        try:
            self._tracker.finish_trial(study.identity(running.trial), status=status, tags=tags)
        except BaseException:  # Ctrl-C as well as a server that is gone
            study.record_again(running)
            raise
        del self._running[key]
        shutil.rmtree(_folder(running), ignore_errors=True)

    def mark(self, attributes: dict[str, str | float]) -> None:
        """Write attributes to all trials at work."""
        for running in list(self._running.values()):
            # It may have ended this moment; and a storage that stumbles is asked again next time.
            with suppress(Exception):
                for name, value in attributes.items():
                    running.trial.set_user_attr(name, value)

    def leave(self) -> None:
        """Give up what is at work, so that another command takes it up from its checkpoint."""
        if self._running:
            be_hasty()  # each would be waited for in turn
        for running in self._running.values():
            study = self._studies[running.spec.variant]
            # The others are to be given up whatever comes of one.
            with suppress(BenchError, OSError), storage_errors():
                study.hear_interruption(running)
            with suppress(TrackingError):
                identity = study.identity(running.trial)
                self._tracker.abandon(identity, status="KILLED", reason="interrupted")
        self._running.clear()

    def _card(self, study: VariantStudy, running: RunningTrial) -> RunCard:
        spec = running.spec
        card = run_card(spec, self._data[spec.data_fingerprint], self._tags)
        return replace(
            card,
            identity=study.identity(running.trial),
            group=study.group,
            study=study.name,
            kind="trial",
        )


def _key(spec: RunSpec) -> Key:
    assert spec.trial is not None
    return spec.variant, spec.trial, spec.seed


def _folder(running: RunningTrial) -> Path:
    """Return where a trial keeps its checkpoints, and those with its settings before it."""
    return cache_folder() / "trials" / str(running.trial.user_attrs[KEY])
