"""Which runs are done, by whom, and what becomes of them."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PosixPath
from typing import Any

import pytest
import torch

from bench.data.config import DataConfig
from bench.data.prepared import PreparedCorpus
from bench.engine.execution import Workplace, build_model, execute, fit
from bench.engine.executors.contract import (
    Ended,
    EpochEnded,
    Event,
    Executor,
    Failed,
    Listen,
    Task,
)
from bench.engine.executors.processes import ProcessExecutor
from bench.engine.executors.serial import SerialExecutor
from bench.engine.scheduling import Outcome, run_all, run_folder, take_samples, taken
from bench.errors import TrackingError
from bench.evaluation.config import EvaluationConfig
from bench.experiment.planning import RunSpec
from bench.experiment.schema import RunConfig
from bench.tracking.result import EpochRecord, RunResult
from bench.tracking.tracker import NullTracker, RunCard, Sample, Status
from bench.training.config import TrainingConfig
from tests.conftest import TINY

CPU = torch.device("cpu")
TRAINING = TrainingConfig(epochs=2, batch_size=32, learning_rate=0.01, precision="float32")


def spec(digits: PreparedCorpus, *, seed: int = 1, training: TrainingConfig = TRAINING) -> RunSpec:
    config = RunConfig(
        data=DataConfig(corpus="digit_reversal"),
        model=TINY,
        training=training,
        evaluation=EvaluationConfig(max_length=8),
    )
    return RunSpec(
        experiment="it",
        profile="quick",
        variant="gru",
        seed=seed,
        config=config,
        data_fingerprint=digits.fingerprint,
        adhoc=(),
    )


class MemoryTracker(NullTracker):
    """Keeps results and the fate of runs in memory."""

    def __init__(self) -> None:
        self.results: dict[str, RunResult] = {}
        self.fates: dict[str, str] = {}
        self.epochs: list[int] = []

    def find_results(self, identities: Sequence[str]) -> dict[str, RunResult]:  # type: ignore[override]
        return {i: self.results[i] for i in identities if i in self.results}

    def forget(self, identities: Iterable[str]) -> None:
        for identity in identities:
            self.results.pop(identity, None)

    def start(self, card: RunCard) -> None:
        self.fates[card.identity] = "RUNNING"

    def log_epoch(self, identity: str, record: EpochRecord) -> None:
        self.epochs.append(record.epoch)

    def finish(
        self, identity: str, result: RunResult, artifacts: Path, samples: Sequence[Sample]
    ) -> None:
        if result.outcome == "finished":
            assert (artifacts / "translator" / "weights.safetensors").exists()
            assert samples
        self.results[identity] = result
        self.fates[identity] = "FINISHED"

    def abandon(self, identity: str, *, status: Status, reason: str) -> None:
        self.fates[identity] = status


def run(
    specs: Sequence[RunSpec],
    digits: PreparedCorpus,
    tracker: MemoryTracker,
    *,
    executor: Executor | None = None,
    force: bool = False,
) -> Outcome:
    return run_all(
        specs,
        {digits.fingerprint: digits},
        executor=executor or SerialExecutor(),
        tracker=tracker,
        tags={},
        device="cpu",
        force=force,
    )


class Interrupt:
    """Does what the serial executor does, until Ctrl-C after the first epoch."""

    def run(self, tasks: Iterable[Task], listen: Listen) -> None:
        def stop(event: Event) -> bool:
            listen(event)
            if isinstance(event, EpochEnded):
                raise KeyboardInterrupt
            return True

        SerialExecutor().run(tasks, stop)


def test_a_finished_run_is_never_run_twice(digits: PreparedCorpus) -> None:
    """The second command trains nothing and has the same results; --force trains again."""
    tracker = MemoryTracker()
    specs = [spec(digits, seed=seed) for seed in (1, 2)]
    first = run(specs, digits, tracker)

    second = run(specs, digits, tracker)
    trained = len(tracker.epochs)
    forced = run(specs, digits, tracker, force=True)

    assert trained == 4
    assert second.results == first.results
    assert second.reused == 2
    assert len(tracker.epochs) == 8
    bleu, bleu_again = (
        [result.test["bleu"] for result in outcome.results.values()] for outcome in (first, forced)
    )
    assert bleu == bleu_again


def test_by_force_an_interrupted_run_begins_anew(digits: PreparedCorpus) -> None:
    """What it had learnt is thrown away; without force it goes on."""
    tracker = MemoryTracker()

    for forced in (False, True):
        with pytest.raises(KeyboardInterrupt):
            run([spec(digits)], digits, tracker, executor=Interrupt(), force=True)
        run([spec(digits)], digits, tracker, force=forced)
        tracker.results.clear()

    assert tracker.epochs == [1, 2, 1, 1, 2]


def test_what_force_began_is_gone_on_with_without(digits: PreparedCorpus) -> None:
    """What has been done again is not done a third time, nor mixed with results from before."""
    tracker = MemoryTracker()
    specs = [spec(digits, seed=seed) for seed in (1, 2, 3)]
    run(specs, digits, tracker)
    tracker.epochs.clear()

    class StopInTheSecond:
        def run(self, tasks: Iterable[Task], listen: Listen) -> None:
            first, second, _ = tasks
            SerialExecutor().run([first], listen)
            Interrupt().run([second], listen)

    with pytest.raises(KeyboardInterrupt):
        run(specs, digits, tracker, executor=StopInTheSecond(), force=True)
    left = list(tracker.results)
    after = run(specs, digits, tracker)

    assert left == [specs[0].identity]
    assert after.reused == 1
    assert tracker.epochs == [1, 2, 1, 2, 1, 2]


def test_samples_are_from_all_over_a_split(digits: PreparedCorpus) -> None:
    """Not its first sentences alone."""
    pairs = digits.load_split("train").pairs

    samples = take_samples(digits, "train", [pair.target for pair in pairs])

    assert samples[0].source == pairs[0].source
    assert samples[-1].source in {pair.source for pair in pairs[-len(pairs) // 50 :]}
    assert all(sample.reference == sample.translation for sample in samples)


def test_a_failed_run_does_not_stop_the_others(digits: PreparedCorpus) -> None:
    """It is listed with its reason; the rest are done."""
    tracker = MemoryTracker()
    broken = spec(digits, training=replace(TRAINING, batch_size=31))

    class BreakOne:
        def run(self, tasks: Iterable[Task], listen: Listen) -> None:
            missing = Path("/nowhere")
            SerialExecutor().run(
                [
                    replace(task, data_folder=missing) if task.spec == broken else task
                    for task in tasks
                ],
                listen,
            )

    outcome = run([broken, spec(digits)], digits, tracker, executor=BreakOne())

    assert [failure.spec for failure in outcome.failures] == [broken]
    assert "FileNotFoundError" in outcome.failures[0].reason
    assert list(outcome.results) == [spec(digits).identity]
    assert tracker.fates[broken.identity] == "FAILED"


def test_a_diverged_run_is_kept_as_an_outcome(digits: PreparedCorpus) -> None:
    """Counted, not repeated, and without a test score."""
    tracker = MemoryTracker()
    wild = spec(digits, training=replace(TRAINING, learning_rate=1e30, max_gradient_norm=1e30))

    outcome = run([wild], digits, tracker)

    (result,) = outcome.results.values()
    assert result.outcome == "diverged"
    assert "the loss was not finite" in result.detail
    assert result.test == {}
    assert run([wild], digits, tracker).reused == 1


def test_a_run_whose_last_step_spoils_the_weights_has_diverged(digits: PreparedCorpus) -> None:
    """No training loss comes after it that could tell; the validation loss does."""
    training = replace(TRAINING, epochs=1, batch_size=10_000, learning_rate=1e30)

    outcome = run([spec(digits, training=training)], digits, MemoryTracker())

    (result,) = outcome.results.values()
    assert (result.outcome, result.test) == ("diverged", {})


def test_an_interrupted_run_goes_on_where_it_stopped(digits: PreparedCorpus) -> None:
    """It is KILLED in the record, then resumed, and ends as if nothing had happened."""
    tracker = MemoryTracker()
    planned = spec(digits)
    whole = run([spec(digits)], digits, MemoryTracker()).results[planned.identity]

    with pytest.raises(KeyboardInterrupt):
        run([planned], digits, tracker, executor=Interrupt())
    killed = tracker.fates[planned.identity]
    kept = (run_folder(planned) / "last" / "state.json").exists()
    resumed = run([planned], digits, tracker).results[planned.identity]

    assert killed == "KILLED"
    assert kept
    assert tracker.epochs == [1, 2]
    assert resumed.test["bleu"] == whole.test["bleu"]
    assert [epoch.metrics["train/loss"] for epoch in resumed.epochs] == [
        epoch.metrics["train/loss"] for epoch in whole.epochs
    ]
    assert not run_folder(planned).exists()


def test_a_result_is_not_lost_while_it_is_recorded(digits: PreparedCorpus) -> None:
    """Stopped, or refused by the store, just then: the next command trains no epoch again."""

    class Stumbling(MemoryTracker):
        is_well = False

        def finish(self, *args: Any) -> None:
            if not self.is_well:
                self.is_well = True
                raise TrackingError("the store does not answer")
            super().finish(*args)

    tracker = Stumbling()
    with pytest.raises(TrackingError):
        run([spec(digits)], digits, tracker)

    outcome = run([spec(digits)], digits, tracker)

    assert tracker.epochs == [1, 2]
    assert list(outcome.results) == [spec(digits).identity]
    assert not run_folder(spec(digits)).exists()


def test_a_run_that_another_command_has_just_ended_is_not_done_again(
    digits: PreparedCorpus,
) -> None:
    """Between the question what there is, and the lock."""

    class Late(MemoryTracker):
        asked = 0

        def find_results(self, identities: Sequence[str]) -> dict[str, RunResult]:  # type: ignore[override]
            self.asked += 1
            return super().find_results(identities) if self.asked != 2 else {}

    tracker = Late()
    run([spec(digits)], digits, tracker)
    tracker.asked = 1  # the next answer is of a moment ago

    outcome = run([spec(digits)], digits, tracker)

    assert tracker.epochs == [1, 2]
    assert outcome.reused == 1
    assert list(outcome.results) == [spec(digits).identity]


def test_nobody_waits_for_a_run_that_has_ended(digits: PreparedCorpus) -> None:
    """Its command is at work on the next one."""
    first, second = (spec(digits, seed=seed) for seed in (1, 2))

    class Asking(MemoryTracker):
        """While the second run is at work, it asks for both again."""

        waiting: list[bool]

        def start(self, card: RunCard) -> None:
            super().start(card)
            if card.identity == second.identity:
                again = [run([each], digits, self) for each in (first, second)]
                self.waiting = [bool(taken(outcome.failures)) for outcome in again]

    tracker = Asking()
    run([first, second], digits, tracker)

    assert tracker.waiting == [False, True]


@pytest.mark.slow
def test_results_do_not_depend_on_who_does_them(digits: PreparedCorpus) -> None:
    """Here or in two processes: the same losses to the last digit.

    Two threads may add up in another order, inside torch's own recurrent layers too.
    """
    specs = [spec(digits, seed=seed) for seed in (1, 2, 3)]

    def losses(executor: Executor) -> list[list[float]]:
        results = run(specs, digits, MemoryTracker(), executor=executor).results
        return [
            [epoch.metrics["train/loss"] for epoch in results[one.identity].epochs] for one in specs
        ]

    here = losses(SerialExecutor())

    assert losses(ProcessExecutor(num_workers=2)) == here
    assert losses(ProcessExecutor(num_workers=1)) == here


class Listened(ProcessExecutor):
    """One worker, and someone else who hears of every event after the command has."""

    def __init__(self, listen: Callable[[Event], None]) -> None:
        super().__init__(num_workers=1)
        self._also = listen

    def run(self, tasks: Iterable[Task], listen: Listen) -> None:
        def both(event: Event) -> bool:
            go_on = listen(event)
            self._also(event)
            return go_on

        super().run(tasks, both)


def kill_workers() -> None:
    for child in multiprocessing.active_children():
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_own_run_alone(digits: PreparedCorpus) -> None:
    """The run is listed as failed; another worker does the rest."""
    tracker = MemoryTracker()
    specs = [spec(digits, seed=seed) for seed in (1, 2, 3)]

    def kill_first(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.spec.seed == 1:
            kill_workers()

    outcome = run(specs, digits, tracker, executor=Listened(kill_first))

    assert [failure.spec.seed for failure in outcome.failures] == [1]
    assert outcome.failures[0].reason == "its process died (signal 9)"
    assert {result.seed for result in outcome.results.values()} == {2, 3}
    assert tracker.fates[specs[0].identity] == "FAILED"


@pytest.mark.slow
def test_a_worker_that_is_killed_between_runs_costs_none(digits: PreparedCorpus) -> None:
    """Another does the next one."""

    def kill_after_each(event: Event) -> None:
        if isinstance(event, Ended):
            kill_workers()

    specs = [spec(digits, seed=seed) for seed in (1, 2)]
    outcome = run(specs, digits, MemoryTracker(), executor=Listened(kill_after_each))

    assert not outcome.failures
    assert {result.seed for result in outcome.results.values()} == {1, 2}


@pytest.mark.parametrize(
    "seconds",
    [0.0, pytest.param(0.5, marks=pytest.mark.slow), pytest.param(4.0, marks=pytest.mark.slow)],
)
def test_workers_leave_it_to_the_command_what_ctrl_c_means(
    digits: PreparedCorpus, seconds: float
) -> None:
    """From their first moment, while they load, and after: a terminal's signal reaches all."""
    with ProcessExecutor(num_workers=1) as executor:
        time.sleep(seconds)
        for child in multiprocessing.active_children():
            assert child.pid is not None
            os.kill(child.pid, signal.SIGINT)
        outcome = run([spec(digits)], digits, MemoryTracker(), executor=executor)

    assert not outcome.failures


@pytest.mark.slow
def test_workers_that_are_kept_do_one_plan_after_the_other(digits: PreparedCorpus) -> None:
    """They are there before there is work, the same ones later, and gone in the end."""
    with ProcessExecutor(num_workers=2) as executor:
        hired = set(multiprocessing.active_children())
        for seeds in ((1, 2, 3), (4,)):
            specs = [spec(digits, seed=seed) for seed in seeds]
            outcome = run(specs, digits, MemoryTracker(), executor=executor)
            assert {result.seed for result in outcome.results.values()} == set(seeds)
            assert set(multiprocessing.active_children()) == hired

    assert len(hired) == 2
    assert not multiprocessing.active_children()


class Illegal(PosixPath):
    """A folder which a GPU takes amiss, and from then on all else too."""

    def __truediv__(self, key: object) -> Path:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered\n...")


def test_a_worker_whose_device_fails_does_no_more(digits: PreparedCorpus, tmp_path: Path) -> None:
    """Its own run is lost, another worker does the rest."""
    tasks = [
        Task(
            spec=spec(digits, seed=seed),
            data_folder=Illegal(digits.folder) if seed == 1 else digits.folder,
            run_folder=tmp_path / str(seed),
            device="cpu",
        )
        for seed in (1, 2)
    ]
    heard: list[Event] = []

    with ProcessExecutor(num_workers=1) as executor:
        hired = set(multiprocessing.active_children())
        executor.run(tasks, lambda event: heard.append(event) or True)
        (other,) = multiprocessing.active_children()
        assert other not in hired

    assert isinstance(heard[1], Failed)
    assert heard[1].reason == (
        "AcceleratorError: CUDA error: an illegal memory access was encountered"
    )
    assert isinstance(heard[-1], Ended)
    assert heard[-1].spec.seed == 2


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")
def test_gpus_are_shared_out_among_workers(digits: PreparedCorpus) -> None:
    """Each sees one alone, and so does whoever takes the place of one that was killed."""

    def seen() -> list[str]:
        deadline, found = time.monotonic() + 20, list[str]()
        while len(found) < 3 and time.monotonic() < deadline:  # a process begins as our copy
            pids = [child.pid for child in multiprocessing.active_children()]
            variables = [Path(f"/proc/{pid}/environ").read_text().split("\0") for pid in pids]
            found = sorted(each for own in variables for each in own if "CUDA_VISIBLE" in each)
        return found

    with ProcessExecutor(num_workers=3, gpus=["2", "GPU-x"]) as executor:
        hired = seen()
        kill_workers()
        specs = [spec(digits, seed=seed) for seed in (1, 2, 3)]
        outcome = run(specs, digits, MemoryTracker(), executor=executor)
        assert not outcome.failures
        assert seen() == hired

    assert hired == [f"CUDA_VISIBLE_DEVICES={gpu}" for gpu in ("2", "2", "GPU-x")]
    assert os.environ.get("CUDA_VISIBLE_DEVICES") not in ("2", "GPU-x")


def test_fitting_never_opens_the_test_split(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search has no way to look at it; executing looks once."""
    opened: list[str] = []
    load = PreparedCorpus.load_split
    monkeypatch.setattr(
        PreparedCorpus, "load_split", lambda self, name: opened.append(name) or load(self, name)
    )
    place = Workplace(device=CPU, folder=tmp_path / "run")

    fit(spec(digits), digits, place, lambda _: True)
    fitted = list(opened)
    execute(spec(digits), digits, place, lambda _: True)

    assert fitted == ["train", "validation"]
    assert opened.count("test") == 1


def test_the_best_epoch_by_validation_is_kept(digits: PreparedCorpus, tmp_path: Path) -> None:
    """Not the last one."""
    planned = spec(digits, training=replace(TRAINING, epochs=4))
    place = Workplace(device=CPU, folder=tmp_path / "run")

    fitted = fit(planned, digits, place, lambda _: True)

    scores = [epoch.metrics["validation/bleu"] for epoch in fitted.epochs]
    assert fitted.best_epoch == scores.index(max(scores)) + 1


def test_a_replica_draws_anew_under_the_same_seed(digits: PreparedCorpus, tmp_path: Path) -> None:
    """Other weights at the start and other scores at the end: for A/A comparisons."""
    once = spec(digits)
    again = replace(once, replica=1)

    weights = [build_model(each, digits).output.linear.weight for each in (once, again)]
    losses = {
        execute(
            each, digits, Workplace(device=CPU, folder=tmp_path / each.identity), lambda _: True
        ).test["loss"]
        for each in (once, again)
    }

    assert not torch.equal(*weights)
    assert len(losses) == 2
    assert again.chance != once.chance == once.seed


@pytest.mark.parametrize("executor", [SerialExecutor(), ProcessExecutor(num_workers=2)])
def test_a_trial_ends_when_it_is_told_to_and_never_sees_the_test_split(
    digits: PreparedCorpus, tmp_path: Path, executor: Executor
) -> None:
    """After its first epoch, without test scores; tasks are made as others end."""
    heard: list[Event] = []
    made: list[int] = []

    def tasks() -> Iterable[Task]:
        for seed in (1, 2, 3):
            made.append(sum(isinstance(event, Ended) for event in heard))
            yield Task(
                spec=spec(digits, seed=seed),
                data_folder=digits.folder,
                run_folder=tmp_path / str(seed),
                device="cpu",
                opens_test=False,
            )

    def listen(event: Event) -> bool:
        heard.append(event)
        return not isinstance(event, EpochEnded)

    executor.run(tasks(), listen)

    results = [event.result for event in heard if isinstance(event, Ended)]
    assert sorted(result.seed for result in results) == [1, 2, 3]
    assert all(len(result.epochs) == 1 and result.test == {} for result in results)
    assert all(result.outcome == "finished" for result in results)
    assert made[-1] >= 1
    with pytest.raises(AssertionError):
        PreparedCorpus(digits.folder, with_test=False).load_split("test")
