"""Searching: what is lacking is done, once, whatever happens."""

import multiprocessing
import resource
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from bench.data.prepared import PreparedCorpus
from bench.engine.executors.contract import (
    Ended,
    EpochEnded,
    Event,
    Executor,
    Failed,
    Listen,
    Started,
    Task,
)
from bench.engine.executors.processes import ProcessExecutor
from bench.engine.executors.serial import SerialExecutor
from bench.errors import BenchError, TrackingError
from bench.experiment.planning import RunSpec
from bench.experiment.search import Choices, Range, SamplerName, SearchConfig
from bench.search.reading import read_study
from bench.search.searching import search_all
from bench.search.storage import open_storage
from bench.search.study import VariantStudy
from bench.tracking.result import EpochRecord
from bench.tracking.tracker import RunCard, Status
from tests.comparison.examples import result
from tests.engine.test_scheduling import TRAINING, spec

CONFIG = SearchConfig(
    space={
        "training.learning_rate": Range(low=1e-3, high=1e-1, log=True),
        "model.dropout_scale": Choices(choices=(0.0, 1.0)),
    },
    sampler="random",
    trials=4,
)


class MemoryTracker:
    """Keeps the fate of trials in memory."""

    def __init__(self) -> None:
        self.fates: dict[str, str] = {}
        self.epochs: dict[str, list[int]] = {}

    def start(self, card: RunCard) -> None:
        assert card.kind == "trial"
        self.fates[card.identity] = "RUNNING"

    def log_epoch(self, identity: str, record: EpochRecord) -> None:
        self.epochs.setdefault(identity, []).append(record.epoch)

    def finish_trial(self, identity: str, *, status: Status, tags: Mapping[str, str]) -> None:
        self.fates[identity] = status

    def abandon(self, identity: str, *, status: Status, reason: str) -> None:
        self.fates[identity] = status


def study(folder: Path, spec: RunSpec, config: SearchConfig = CONFIG) -> VariantStudy:
    return VariantStudy(open_storage(str(folder / "journal")), "it/gru", config, spec)


def search(
    found: VariantStudy,
    digits: PreparedCorpus,
    *,
    executor: Executor | None = None,
    tracker: MemoryTracker | None = None,
) -> list[Event]:
    """Search one variant and return what was heard."""
    heard: list[Event] = []
    search_all(
        {"gru": found},
        {digits.fingerprint: digits},
        executor=executor or SerialExecutor(),
        tracker=tracker or MemoryTracker(),
        tags={},
        device="cpu",
        listen=heard.append,
    )
    return heard


def drawn(found: VariantStudy) -> list[dict[str, object]]:
    """Return the settings of the trials that count, in the order in which they were drawn."""
    trials = sorted(
        found.counted(), key=lambda trial: int(trial.user_attrs.get("again", trial.number))
    )
    return [trial.params for trial in trials]


def test_a_search_does_what_is_lacking_and_then_nothing(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """The total counts earlier trials; more are done when more are wanted."""
    tracker = MemoryTracker()
    first = search(study(tmp_path, spec(digits)), digits, tracker=tracker)
    second = search(study(tmp_path, spec(digits)), digits)
    more = study(tmp_path, spec(digits), replace(CONFIG, trials=6))
    third = search(more, digits)

    count = [sum(isinstance(event, Ended) for event in heard) for heard in (first, second, third)]

    assert count == [4, 0, 2]
    assert set(tracker.fates.values()) == {"FINISHED"}
    assert len({str(params) for params in drawn(more)}) == 6
    assert all(event.result.test == {} for event in first if isinstance(event, Ended))
    (best,) = read_study(more).top(1)
    assert best.values[0] == max(trial.value for trial in more.finished() if trial.value)


class KillWorkerOnce:
    """Kills a worker in the middle of its second trial."""

    def run(self, tasks: Iterable[Task], listen: Listen) -> None:
        def hear(event: Event) -> bool:
            go_on = listen(event)
            if isinstance(event, EpochEnded) and event.spec.trial == 1:
                self.epochs.append(event.record.epoch)
                if len(self.epochs) == 1:
                    (worker,) = multiprocessing.active_children()
                    worker.kill()
            if isinstance(event, EpochEnded) and event.spec.trial != 1:
                self.others.append((event.spec.trial, event.record.epoch))
            return go_on

        self.epochs: list[int] = []
        self.others: list[tuple[int | None, int]] = []
        ProcessExecutor(num_workers=1).run(tasks, hear)


@pytest.mark.slow
def test_a_killed_worker_s_trial_goes_on_from_its_checkpoint(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Its settings are tried again, its first epoch is not; the total is exact."""
    uninterrupted = study(tmp_path / "whole", spec(digits))
    search(uninterrupted, digits)
    executor, tracker = KillWorkerOnce(), MemoryTracker()
    killed = study(tmp_path / "killed", spec(digits))

    heard = search(killed, digits, executor=executor, tracker=tracker)

    assert sum(isinstance(event, Failed) for event in heard) == 1
    assert sum(isinstance(event, Ended) for event in heard) == 4
    again = [trial for trial in killed.counted() if "again" in trial.user_attrs]
    assert [trial.user_attrs["again"] for trial in again] == [1]
    assert [epoch for trial, epoch in executor.others if trial == again[0].number] == [2]
    assert drawn(killed) == drawn(uninterrupted)
    assert [trial.value for trial in sorted_by_draw(killed)] == [
        trial.value for trial in sorted_by_draw(uninterrupted)
    ]
    assert set(tracker.fates.values()) == {"FINISHED"}


class KillEveryWorker:
    """Kills whoever begins a trial with the settings of trial 1."""

    def __init__(self) -> None:
        self.deadly: object = None

    def run(self, tasks: Iterable[Task], listen: Listen) -> None:
        def hear(event: Event) -> bool:
            go_on = listen(event)
            if event.spec.trial == 1:
                self.deadly = event.spec.config
            if isinstance(event, Started) and event.spec.config == self.deadly:
                for worker in multiprocessing.active_children():
                    worker.kill()
            return go_on

        ProcessExecutor(num_workers=1).run(tasks, hear)


@pytest.mark.slow
def test_a_trial_that_always_dies_is_given_up(digits: PreparedCorpus, tmp_path: Path) -> None:
    """After three deaths, or a search whose space holds too large a model would never end."""
    found, tracker = study(tmp_path, spec(digits)), MemoryTracker()

    heard = search(found, digits, executor=KillEveryWorker(), tracker=tracker)

    assert sum(isinstance(event, Failed) for event in heard) == 3
    assert read_study(found).count("failed") == 1
    assert len(read_study(found).complete) == 3
    assert sorted(tracker.fates.values()) == ["FAILED"] + ["FINISHED"] * 3
    assert search(found, digits) == []


def test_an_attempt_knows_the_epochs_of_the_one_before(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """A pruner compares by all of them."""
    found = study(tmp_path, spec(digits), replace(CONFIG, pruner="median"))
    first = found.next_trial({})
    assert first is not None
    found.hear_epoch(first, EpochRecord(epoch=1, metrics={"validation/bleu": 7.0}))
    found.hear_interruption(first)

    again = found.next_trial({})

    assert again is not None
    assert found.identity(again.trial) == found.identity(first.trial)
    frozen = found.study.get_trials(deepcopy=False)[again.trial.number]
    assert frozen.intermediate_values == {1: 7.0}


def test_searches_of_one_name_in_two_storages_have_nothing_in_common(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Neither checkpoints nor the record of a trial; another space has a parent run of its own."""
    wider = {**CONFIG.space, "model.dropout_scale": Choices(choices=(0.0, 0.5, 1.0))}
    tracker, folders = MemoryTracker(), set[Path]()

    class Watch:
        def run(self, tasks: Iterable[Task], listen: Listen) -> None:
            def watched() -> Iterable[Task]:
                for task in tasks:
                    folders.add(task.run_folder)
                    yield task

            SerialExecutor().run(watched(), listen)

    one = study(tmp_path / "one", spec(digits), replace(CONFIG, trials=1))
    same = study(tmp_path / "same", spec(digits), replace(CONFIG, trials=1))
    other = study(tmp_path / "other", spec(digits), replace(CONFIG, trials=1, space=wider))
    for each in (one, same, other):
        search(each, digits, executor=Watch(), tracker=tracker)

    assert len(folders) == len(tracker.fates) == 3
    assert one.group == same.group != other.group


def test_a_trial_that_another_command_took_for_dead_ends_quietly(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """At its next epoch, or else what it came to is late."""
    found = study(tmp_path, spec(digits))
    running = found.next_trial({})
    assert running is not None
    found.study.tell(running.trial.number, state=TrialState.FAIL)
    record = EpochRecord(epoch=1, metrics={f"validation/{CONFIG.metric}": 1.0})

    assert not found.hear_epoch(running, record)
    found.hear_failure(running)

    assert found.study.get_trials(deepcopy=False)[0].state == TrialState.FAIL


def sorted_by_draw(found: VariantStudy) -> list[optuna.trial.FrozenTrial]:
    return sorted(
        found.counted(), key=lambda trial: int(trial.user_attrs.get("again", trial.number))
    )


class Interrupt:
    """Stops the whole command in the middle of its third trial."""

    def run(self, tasks: Iterable[Task], listen: Listen) -> None:
        def hear(event: Event) -> bool:
            go_on = listen(event)
            if isinstance(event, EpochEnded) and event.spec.trial == 2:
                raise KeyboardInterrupt
            return go_on

        SerialExecutor().run(tasks, hear)


def test_a_stopped_search_goes_on_as_if_it_had_not_been(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """The same settings in the same order, none twice, nothing left open."""
    whole = study(tmp_path / "whole", spec(digits))
    search(whole, digits)
    tracker = MemoryTracker()

    with pytest.raises(KeyboardInterrupt):
        search(
            study(tmp_path / "stopped", spec(digits)), digits, executor=Interrupt(), tracker=tracker
        )
    fates = set(tracker.fates.values())
    resumed = study(tmp_path / "stopped", spec(digits))
    search(resumed, digits, tracker=tracker)

    assert fates == {"FINISHED", "KILLED"}
    assert set(tracker.fates.values()) == {"FINISHED"}
    assert drawn(resumed) == drawn(whole)
    assert not resumed.study.get_trials(states=(TrialState.RUNNING, TrialState.WAITING))


def test_a_pruned_trial_ends_early_and_is_killed_in_the_record(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Behind the median of the others at the same epoch; its test split stays closed."""
    config = replace(CONFIG, pruner="median", trials=12, sampler="quasi_random")
    tracker = MemoryTracker()
    found = study(tmp_path, spec(digits, training=replace(TRAINING, epochs=3)), config)

    heard = search(found, digits, tracker=tracker)

    record = read_study(found)
    pruned = record.count("pruned")
    assert len(record.trials) == 12
    assert pruned > 0
    assert sum(fate == "KILLED" for fate in tracker.fates.values()) == pruned
    short = [event for event in heard if isinstance(event, Ended) and len(event.result.epochs) < 3]
    assert len(short) >= pruned - 1  # the last epoch may be the one that prunes


@pytest.mark.parametrize(
    "other",
    [
        replace(CONFIG, sampler="quasi_random"),
        replace(CONFIG, objectives=("loss",)),
        replace(CONFIG, objectives=("bleu", "seconds")),
        replace(CONFIG, epochs=7),
        replace(CONFIG, pruner="median"),
    ],
)
def test_another_way_to_search_is_another_study(
    digits: PreparedCorpus, tmp_path: Path, other: SearchConfig
) -> None:
    """Refused, since its trials could not be compared; more of the same trials are not."""
    study(tmp_path, spec(digits))

    study(tmp_path, spec(digits), replace(CONFIG, trials=9))
    with pytest.raises(BenchError, match="another space"):
        study(tmp_path, spec(digits), other)


def test_settings_matter_by_the_trials_that_count_alone(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Dropout in the eight that are wanted, the rate in four of an earlier command."""
    found = study(tmp_path, spec(digits), replace(CONFIG, trials=12))
    for number in range(12):
        running = found.next_trial({})
        assert running is not None
        rate, dropout = (running.trial.params[name] for name in CONFIG.space)
        score = 5.0 * dropout if number < 8 else 900.0 * rate
        epoch = EpochRecord(epoch=1, metrics={"validation/bleu": score})
        found.hear_result(running, replace(result("gru", 1, 1.0), epochs=(epoch,)))

    wanted = study(tmp_path, spec(digits), replace(CONFIG, trials=8))
    few = study(tmp_path, spec(digits), replace(CONFIG, trials=4))

    shares = read_study(wanted, importances=True).importances
    assert shares["model.dropout_scale"] > 0.9
    assert read_study(found, importances=True).importances["training.learning_rate"] > 0.2
    assert read_study(few, importances=True).importances == {}


def test_a_draw_that_was_left_is_not_replaced_by_a_later_one(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Or variants would be chosen from other draws than one another: it is lacking."""
    found = study(tmp_path, spec(digits))
    first, second, third = (found.next_trial({}) for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    found.hear_interruption(second)
    for ended in (first, third):
        found.hear_failure(ended)

    fewer = study(tmp_path, spec(digits), replace(CONFIG, trials=2))

    assert [trial.number for trial in fewer.finished()] == [0]
    assert fewer.num_lacking() == 1
    assert fewer.num_uncounted() == 1
    again = fewer.next_trial({})
    assert again is not None
    assert again.trial.params == second.trial.params


def test_more_trials_of_an_earlier_command_do_not_count(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Or one variant would be chosen among more than another."""
    search(study(tmp_path, spec(digits)), digits)

    fewer = study(tmp_path, spec(digits), replace(CONFIG, trials=2))

    assert [trial.number for trial in read_study(fewer).trials] == [0, 1]
    assert fewer.num_lacking() == 0
    assert fewer.next_trial({}) is None


def test_the_order_of_a_file_s_lines_changes_no_draw(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """A study goes on as it began."""
    whole = study(tmp_path / "whole", spec(digits))
    search(whole, digits)
    search(study(tmp_path / "half", spec(digits), replace(CONFIG, trials=2)), digits)
    turned = replace(CONFIG, space=dict(reversed(CONFIG.space.items())))

    rest = study(tmp_path / "half", spec(digits), turned)
    search(rest, digits)

    assert drawn(rest) == drawn(whole)


def test_fewer_trials_for_a_while_lose_no_draw(digits: PreparedCorpus, tmp_path: Path) -> None:
    """One that was stopped and is not wanted now is there when more are."""
    five = replace(CONFIG, trials=5)
    whole = study(tmp_path / "whole", spec(digits), five)
    search(whole, digits)
    stopped = study(tmp_path / "stopped", spec(digits), five)
    left = [stopped.next_trial({}) for _ in range(5)]
    for running in (left[4], left[3], left[0]):  # the other two are at work
        assert running is not None
        stopped.hear_interruption(running)

    three = study(tmp_path / "stopped", spec(digits), replace(CONFIG, trials=3))
    again = three.next_trial({})
    assert again is not None
    assert again.trial.user_attrs["again"] == 0
    assert three.next_trial({}) is None
    more = study(tmp_path / "stopped", spec(digits), five)
    for _ in range(2):
        assert more.next_trial({}) is not None

    assert more.next_trial({}) is None
    assert drawn(more) == drawn(whole)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["random", "quasi_random", "tpe"])
def test_hyperband_prunes_and_draws_no_setting_twice(
    digits: PreparedCorpus, tmp_path: Path, sampler: SamplerName
) -> None:
    """It shows a sampler one of its brackets at a time."""
    config = replace(CONFIG, pruner="hyperband", sampler=sampler, trials=8)
    found = study(tmp_path, spec(digits, training=replace(TRAINING, epochs=4)), config)

    search(found, digits)

    assert len({params["training.learning_rate"] for params in drawn(found)}) == 8


def test_a_trial_that_failed_leaves_no_files(
    digits: PreparedCorpus, tmp_path: Path, cache: Path
) -> None:
    """Nobody goes on from there."""

    class Fail:
        def run(self, tasks: Iterable[Task], listen: Listen) -> None:
            for task in tasks:
                task.run_folder.mkdir(parents=True)
                listen(Started(task.spec))
                listen(Failed(task.spec, "it broke"))

    search(study(tmp_path, spec(digits)), digits, executor=Fail())

    assert not list((cache / "trials").iterdir())


def test_a_full_disk_costs_no_trial(digits: PreparedCorpus, tmp_path: Path) -> None:
    """It ends the command, and the next one draws the same and lacks nothing."""

    class FullDisk:
        def run(self, tasks: Iterable[Task], listen: Listen) -> None:
            for task in tasks:
                if task.spec.trial == 1:
                    listen(Started(task.spec))
                    listen(Failed(task.spec, "no space left", cause="system"))
                SerialExecutor().run([task], listen)

    whole, tracker = study(tmp_path / "whole", spec(digits)), MemoryTracker()
    search(whole, digits)
    with pytest.raises(BenchError, match="no space left"):
        search(study(tmp_path / "full", spec(digits)), digits, executor=FullDisk(), tracker=tracker)
    resumed = study(tmp_path / "full", spec(digits))
    search(resumed, digits, tracker=tracker)

    assert drawn(resumed) == drawn(whole)
    assert read_study(resumed).count("failed") == 0
    assert list(tracker.fates.values()) == ["FINISHED"] * 4


def test_a_full_journal_keeps_no_trial_open_in_the_record(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """What cannot be given up in the one is given up in the other; the lease runs out."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    class Fill:
        def run(self, tasks: Iterable[Task], listen: Listen) -> None:
            for task in islice(tasks, 3):
                listen(Started(task.spec))
            full = (tmp_path / "journal").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (full, limits[1]))
            raise KeyboardInterrupt

    tracker = MemoryTracker()
    try:
        with pytest.raises(KeyboardInterrupt):
            search(study(tmp_path, spec(digits)), digits, executor=Fill(), tracker=tracker)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert list(tracker.fates.values()) == ["KILLED"] * 3


def test_a_trial_that_was_taken_from_us_is_not_tried_again_by_us(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Another machine took it for dead and has it tried again: one attempt, not two at once."""
    found = study(tmp_path, spec(digits))
    first = found.next_trial({})
    assert first is not None
    found.hear_interruption(first)

    found.hear_interruption(first)
    assert found.revives(first)

    assert len(found.study.get_trials(states=(TrialState.WAITING,))) == 1


@pytest.mark.parametrize("why", [TrackingError, KeyboardInterrupt])
@pytest.mark.parametrize("fails", [False, True])
def test_a_trial_whose_end_could_not_be_recorded_is_recorded_by_the_next_command(
    digits: PreparedCorpus, tmp_path: Path, why: type[BaseException], *, fails: bool
) -> None:
    """A server that went away, or Ctrl-C meanwhile, leaves no trial open in the record of runs."""

    class Away(MemoryTracker):
        def finish_trial(self, identity: str, *, status: Status, tags: Mapping[str, str]) -> None:
            if len(self.fates) == 3:
                raise why("the server went away")
            super().finish_trial(identity, status=status, tags=tags)

    class FailThird(SerialExecutor):
        def run(self, tasks: Iterable[Task], listen: Listen) -> None:
            for task in tasks:
                if fails and task.spec.trial == 2:
                    listen(Started(task.spec))
                    listen(Failed(task.spec, "it broke"))
                else:
                    super().run([task], listen)

    away, tracker = Away(), MemoryTracker()
    with pytest.raises(why, match="went away"):
        search(study(tmp_path, spec(digits)), digits, tracker=away, executor=FailThird())
    assert list(away.fates.values()) == ["FINISHED", "FINISHED", "KILLED"]
    tracker.fates = dict(away.fates)
    resumed = study(tmp_path, spec(digits))
    heard = search(resumed, digits, tracker=tracker)

    assert sum(isinstance(event, Ended) for event in heard) == 2
    assert set(tracker.fates.values()) == {"FINISHED"}
    assert len(tracker.fates) == 4


def test_settings_that_do_not_go_together_are_drawn_anew(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """As many trials as are wanted are done, and none failed."""
    ties = Choices(choices=("untied", "tied"))
    space = {"model.tie_output_weights": ties, "model.output_std": Range(low=0.1, high=1.0)}
    found = study(tmp_path, spec(digits), replace(CONFIG, space=space))

    search(found, digits)

    record = read_study(found)
    assert record.count("complete") == len(record.trials) == 4
    refused = [trial for trial in found.study.trials if "refused" in trial.user_attrs]
    assert refused
    assert all(trial.params["model.tie_output_weights"] == "tied" for trial in refused)


def test_a_space_of_which_nothing_is_allowed_is_told(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many draws one after the other; and so is a variant that cannot have the epochs."""
    monkeypatch.setattr("bench.search.study.MOST_REFUSALS", 5)
    space = {"training.epochs": Choices(choices=(3, 5))}
    half = spec(digits, training=replace(TRAINING, budget=0.5))
    found = study(tmp_path, half, replace(CONFIG, space=space))

    with pytest.raises(BenchError, match="must be a whole number"):
        found.next_trial({})
    with pytest.raises(BenchError, match="must be a whole number"):
        study(tmp_path / "other", half, replace(CONFIG, epochs=3))


def test_tpe_does_not_repeat_itself_after_a_restart(digits: PreparedCorpus, tmp_path: Path) -> None:
    """Each command goes on where the study is."""
    config = replace(CONFIG, sampler="tpe", trials=3)
    for trials in (3, 6):
        found = study(tmp_path, spec(digits), replace(config, trials=trials))
        search(found, digits)

    rates = [params["training.learning_rate"] for params in drawn(found)]
    assert len(set(rates)) == 6


def test_several_objectives_give_a_front(digits: PreparedCorpus, tmp_path: Path) -> None:
    """No trial on it is better than another by score and by cost."""
    space = {**CONFIG.space, "model.hidden_size": Choices(choices=(4, 12, 20))}
    config = replace(CONFIG, space=space, trials=6, objectives=("loss", "parameters"))
    found = study(tmp_path, spec(digits), config)

    search(found, digits)

    record = read_study(found)
    front = [trial.values for trial in record.complete if trial.number in record.front]
    others = [trial.values for trial in record.complete if trial.number not in record.front]
    assert all(len(trial.values) == 2 for trial in record.complete)
    assert not any(a != b and a[0] <= b[0] and a[1] <= b[1] for a in front for b in front)
    assert all(any(a[0] <= b[0] and a[1] <= b[1] for a in front) for b in others)


def test_other_data_or_settings_are_another_study(digits: PreparedCorpus, tmp_path: Path) -> None:
    """Their scores could not be compared."""
    study(tmp_path, spec(digits))

    with pytest.raises(BenchError, match="begun with other settings or data"):
        study(tmp_path, spec(digits, training=replace(TRAINING, epochs=7)))
