"""The best trials again, with seeds that the search never saw."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from bench.data.prepared import PreparedCorpus
from bench.engine.executors.contract import Ended
from bench.search.finalists import SEED, TRIAL, open_retrials, read_finalists, tuned
from bench.search.lease import MARK_SECONDS
from bench.search.reading import read_study, seconds_of
from bench.search.record import (
    Finalist,
    StudyRecord,
    TrialRecord,
    choose_winner,
    total_seconds,
)
from bench.search.storage import open_storage
from bench.search.study import VariantStudy
from tests.engine.test_scheduling import spec
from tests.search.test_searching import CONFIG, Interrupt, KillWorkerOnce, search, study

SMALL = replace(CONFIG, finalists=2, fresh_seeds=2)


def retried(digits: PreparedCorpus, folder: Path) -> tuple[VariantStudy, VariantStudy]:
    """Search, and train the best again: both studies, with nothing lacking."""
    searched = study(folder, spec(digits), SMALL)
    search(searched, digits)
    retrials = open_retrials(open_storage(str(folder / "journal")), searched, spec(digits))
    search(retrials, digits)
    return searched, retrials


def test_each_finalist_is_trained_once_with_each_fresh_seed(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Given again, nothing is left to do; the seeds are not the search's."""
    searched = study(tmp_path, spec(digits), SMALL)
    search(searched, digits)
    storage = open_storage(str(tmp_path / "journal"))

    first = search(open_retrials(storage, searched, spec(digits)), digits)
    again = search(open_retrials(storage, searched, spec(digits)), digits)

    done = [event.spec for event in first if isinstance(event, Ended)]
    best = [trial.number for trial in read_study(searched).top(2)]
    assert sorted((run.trial, run.seed) for run in done) == sorted(
        (number, seed) for number in best for seed in (2, 3)
    )
    assert all(not event.result.test for event in first if isinstance(event, Ended))
    assert again == []
    finalists = read_finalists(searched, open_retrials(storage, searched, spec(digits)))
    assert [finalist.trial.number for finalist in finalists] == best
    assert [list(finalist.fresh) for finalist in finalists] == [[2, 3], [2, 3]]
    for run in done:
        settings = next(f.trial.settings for f in finalists if f.trial.number == run.trial)
        assert run.config.training.learning_rate == settings["training.learning_rate"]


def test_trials_one_after_the_other_take_what_the_search_takes(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Those of the search and those of the best again, each with its start and end."""
    begun = time.monotonic()
    searched, retrials = retried(digits, tmp_path)
    passed = time.monotonic() - begun

    took = read_study(searched).seconds
    again = total_seconds([each.seconds for each in read_finalists(searched, retrials)])

    assert took
    assert again
    assert 0.5 * passed < took + again < passed


def test_attempts_that_came_to_nothing_are_part_of_what_a_trial_took() -> None:
    """As long as somebody was at work on them: the night until they were found is none of it."""
    study = optuna.create_study()
    begun = datetime(2026, 11, 30, 12, 0)

    def add(state: TrialState, start: float, end: float, **attributes: object) -> FrozenTrial:
        value = 1.0 if state == TrialState.COMPLETE else None
        trial = create_trial(state=state, value=value, user_attrs=attributes)
        trial.datetime_start = begun + timedelta(seconds=start)
        trial.datetime_complete = begun + timedelta(seconds=end)
        study.add_trial(trial)
        return study.get_trials()[-1]

    add(TrialState.FAIL, 0, 50_000, seen=begun.timestamp() + 300)
    add(TrialState.FAIL, 50_000, 50_060, seen=begun.timestamp() + 50_055, again=0)
    last = add(TrialState.COMPLETE, 50_100, 50_200, seen=begun.timestamp() + 50_190, again=0)
    other = add(TrialState.COMPLETE, 0, 70)

    assert seconds_of(study, last) == 300 + MARK_SECONDS + 60 + 100
    assert seconds_of(study, other) == 70


def test_a_search_by_loss_selects_epochs_by_loss(digits: PreparedCorpus, tmp_path: Path) -> None:
    """In its trials, in the best again, which nothing prunes, and in the winner's runs."""
    by_loss = replace(SMALL, objectives=("loss",), pruner="median", fresh_seeds=1)
    searched = study(tmp_path, spec(digits), by_loss)
    heard = search(searched, digits)
    retrials = open_retrials(open_storage(str(tmp_path / "journal")), searched, spec(digits))
    again = search(retrials, digits)

    trained = [event.spec for event in (*heard, *again) if isinstance(event, Ended)]
    winner = choose_winner(read_finalists(searched, retrials), objective="loss")
    chosen = tuned(spec(digits), winner, by_loss, study="it/gru")
    assert len(trained) > SMALL.trials
    assert {run.config.evaluation.select_on for run in (*trained, chosen)} == {"loss"}
    assert retrials.config.pruner == "none"


def test_a_finalist_that_lacks_a_fresh_score_is_left_out(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mean over fewer seeds would be no fair one."""
    searched, retrials = retried(digits, tmp_path)
    first, second = read_finalists(searched, retrials)
    finished = [
        trial
        for trial in retrials.finished()
        if (trial.params[TRIAL], trial.params[SEED]) != (first.trial.number, 3)
    ]

    monkeypatch.setattr(retrials, "finished", lambda: finished)

    assert read_finalists(searched, retrials) == [second]


@pytest.mark.slow
@pytest.mark.parametrize("accident", [KillWorkerOnce, Interrupt])
def test_accidents_lose_no_fresh_score(
    accident: type[KillWorkerOnce | Interrupt], digits: PreparedCorpus, tmp_path: Path
) -> None:
    """A worker or the whole command dies: given again, every seed has its score, once."""
    config = replace(SMALL, finalists=3)
    searched = study(tmp_path, spec(digits), config)
    search(searched, digits)
    storage = open_storage(str(tmp_path / "journal"))

    try:
        search(open_retrials(storage, searched, spec(digits)), digits, executor=accident())
    except KeyboardInterrupt:
        search(open_retrials(storage, searched, spec(digits)), digits)

    retrials = open_retrials(storage, searched, spec(digits))
    assert retrials.num_lacking() == 0
    assert len(read_study(retrials).complete) == 6
    assert {len(finalist.fresh) for finalist in read_finalists(searched, retrials)} == {2}


@pytest.mark.parametrize("form", ["{}/journal", "sqlite:///{}/studies"])
def test_commands_at_once_share_the_best_trials(
    form: str, digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is done by one of them, and whoever comes too late for the last has nothing to do."""
    given = form.format(tmp_path)
    searched = VariantStudy(open_storage(given), "it/gru", SMALL, spec(digits))
    search(searched, digits)
    commands = [open_retrials(open_storage(given), searched, spec(digits)) for _ in range(4)]
    lacks_one = VariantStudy._lacks_one

    def hesitating(command: VariantStudy) -> bool:
        answer = lacks_one(command)
        time.sleep(0.05)
        return answer

    def take_all(command: VariantStudy) -> list[tuple[int | None, int]]:
        taken = []
        while running := command.next_trial({}):
            taken.append((running.spec.trial, running.spec.seed))
        return taken

    monkeypatch.setattr(VariantStudy, "_lacks_one", hesitating)
    with ThreadPoolExecutor(len(commands)) as pool:
        taken = [run for runs in pool.map(take_all, commands) for run in runs]

    assert len(taken) == len(set(taken)) == 4


def test_a_draw_in_place_of_a_given_point_is_left_out(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine has taken the last point since there was one."""
    _, retrials = retried(digits, tmp_path)
    answers = iter([True, False])
    monkeypatch.setattr(VariantStudy, "_lacks_one", lambda _: next(answers))

    assert retrials.next_trial({}) is None

    assert retrials.num_lacking() == retrials.num_running() == 0
    assert len(read_study(retrials).trials) == 4


def test_seeds_that_judge_have_chosen_nothing(digits: PreparedCorpus, tmp_path: Path) -> None:
    """Fresh seeds of an earlier command, which wanted more of them, do not count."""
    more = replace(SMALL, fresh_seeds=3)
    searched = study(tmp_path, spec(digits), more)
    search(searched, digits)
    storage = open_storage(str(tmp_path / "journal"))
    search(open_retrials(storage, searched, spec(digits)), digits)

    searched = study(tmp_path, spec(digits), SMALL)
    finalists = read_finalists(searched, open_retrials(storage, searched, spec(digits)))

    assert [list(finalist.fresh) for finalist in finalists] == [[2, 3], [2, 3]]


def test_the_winner_is_chosen_by_fresh_seeds() -> None:
    """Not by the score that it was picked for; the gap is what that owed to luck."""
    lucky = Finalist(trial=trial(1, 30.0), fresh={2: 24.0, 3: 26.0})
    steady = Finalist(trial=trial(2, 28.0), fresh={2: 27.0, 3: 28.0})

    assert choose_winner([lucky, steady], objective="bleu") is steady
    assert choose_winner([lucky, steady], objective="loss") is lucky
    assert lucky.gap == 5.0


def test_the_best_are_different_settings() -> None:
    """The same settings drawn twice are one candidate."""
    found = StudyRecord(
        name="it/gru", objectives=("loss",), trials=[trial(1, 2.0), trial(1, 2.0), trial(3, 1.0)]
    )

    assert [each.number for each in found.top(3)] == [3, 1]


def test_tuned_runs_have_seeds_that_have_chosen_nothing(digits: PreparedCorpus) -> None:
    """Neither the search's own nor the fresh ones; the settings are the winner's."""
    winner = Finalist(trial=trial(4, 20.0, rate=0.02), fresh={2: 19.0})

    run = tuned(spec(digits, seed=4), winner, SMALL, study="it/gru")

    assert list(SMALL.retrial_seeds) == [2, 3]
    assert list(SMALL.comparison_seeds(3)) == [4, 5, 6]
    assert run.config.training.learning_rate == 0.02
    assert run.name == "gru-tuned-seed4"
    assert run.chosen_by == "it/gru, trial 4"


def trial(number: int, value: float, rate: float | None = None) -> TrialRecord:
    return TrialRecord(
        number=number,
        state="complete",
        settings={"training.learning_rate": rate or number / 100},
        values=(value,),
    )
