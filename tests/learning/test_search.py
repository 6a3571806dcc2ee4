"""Searching by the command line: killed and given again."""

import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from mlflow import MlflowClient
from optuna.trial import FrozenTrial, TrialState

from bench.search.storage import open_storage
from tests.browser import open_browser, serving, show, wait_for
from tests.learning.test_whole_way import EXPERIMENT, bench

SEARCH = """
[search]
trials = 5
epochs = 3
finalists = 2
fresh_seeds = 1

[search.space]
training.learning_rate = { low = 1e-3, high = 5e-2, log = true }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "size.toml").write_text(EXPERIMENT + SEARCH)
    return tmp_path


def trials(folder: Path, given: str = "optuna.journal") -> dict[str, list[FrozenTrial]]:
    storage = open_storage(given.replace("optuna", str(folder / "optuna")))
    return {
        study.study_name: storage.get_all_trials(study._study_id)
        for study in storage.get_all_studies()
    }


@pytest.mark.slow
def test_a_search_survives_its_own_death(folder: Path) -> None:
    """SIGKILL in the middle of a trial; given again, the total is exact and nothing is open."""
    first = subprocess.Popen(
        [sys.executable, "-u", "-m", "bench", "search", "size"], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert first.stdout is not None
    for line in first.stdout:
        if "trial1-seed1: epoch 2/3" in line:
            break
    first.send_signal(signal.SIGKILL)
    first.wait(30)
    left_open = [
        trial
        for found in trials(folder).values()
        for trial in found
        if not trial.state.is_finished()
    ]

    second = bench(folder, "search", "size")
    third = bench(folder, "search", "size")

    assert left_open
    assert second.returncode == 0, second.stdout + second.stderr
    assert "-trial" not in third.stdout
    found = trials(folder)
    assert {name: num_complete(done) for name, done in found.items()} == {
        "size/few": 5, "size/few, fresh seeds": 2, "size/many": 5, "size/many, fresh seeds": 2,
    }  # fmt: skip
    for done in found.values():
        complete = [trial for trial in done if trial.state == TrialState.COMPLETE]
        rates = {trial.params["training.learning_rate"] for trial in complete}
        assert len(complete) == len(rates)
        assert all(trial.state in {TrialState.COMPLETE, TrialState.FAIL} for trial in done)
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("size")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert Counter((run.data.tags["kind"], run.info.status) for run in runs) == {
        ("study", "FINISHED"): 4,
        ("trial", "FINISHED"): 14,
        ("variant", "FINISHED"): 2,
        ("run", "FINISHED"): 4,
    }
    assert sum("best" in run.data.tags for run in runs) == 2
    seeds = {run.data.tags["kind"]: set[str]() for run in runs}
    for run in runs:
        seeds[run.data.tags["kind"]].add(run.data.tags.get("seed", ""))
    assert seeds["trial"] == {"1", "2"}
    assert seeds["run"] == {"3", "4"}


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["optuna.journal", "sqlite:///optuna.db"])
def test_two_commands_share_one_study(folder: Path, storage: str) -> None:
    """At once, on a new storage: the total is exact and no settings are tried twice."""
    options = ("--trials", "6", "--jobs", "2", "--storage", storage)
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "bench", "search", "size", *options],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for command in both:
        _, said = command.communicate(timeout=400)
        assert command.returncode == 0, said

    for name, done in trials(folder, storage).items():
        complete = [trial for trial in done if trial.state == TrialState.COMPLETE]
        assert len(complete) == (2 if "fresh" in name else 6)
        rates = {trial.params["training.learning_rate"] for trial in complete}
        assert len(rates) == len(complete)
        assert all(trial.state.is_finished() for trial in done)


@pytest.mark.slow
def test_a_search_can_be_planned_read_and_looked_at(folder: Path) -> None:
    """The time it would take; the same again by --resume; a report; Optuna's and MLflow's pages."""
    planned = bench(folder, "search", "size", "--trials", "4", "--dry-run")
    recorded = (folder / "mlflow.db").exists() or (folder / "optuna.journal").exists()
    first = bench(folder, "search", "size", "--trials", "4")
    again = bench(folder, "search", "--resume")
    written = bench(folder, "report", "size", "--search")

    assert "no end of points; 4 trials for each of few, many" in planned.stdout
    assert re.search(r"about \d+:\d\d in all", planned.stdout)
    assert not recorded
    assert not re.search("size/", planned.stdout)
    assert "fresh seeds" in first.stdout
    assert "trials: all done before" in again.stdout
    assert "4 runs had been done before" in again.stdout
    assert answer(first.stdout) == answer(again.stdout)
    assert written.returncode == 0, written.stderr
    page = (folder / "reports" / "size" / "search" / "README.md").read_text("utf-8")
    assert answer(first.stdout)[2:].replace("\n", " ").split(",")[0] in page
    assert "python -m bench search size --variants few,many --trials 4 --seeds 2" in page
    look_at(folder)


def answer(stdout: str) -> str:
    """Return the sentence that answers the question, as it was printed."""
    return stdout[stdout.rindex("→ ") :].partition("\n\n")[0]


def look_at(folder: Path) -> None:
    """See the studies in Optuna's dashboard and in MLflow's pages."""
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("size")
    assert experiment is not None
    ids = [experiment.experiment_id]
    (study,) = client.search_runs(ids, "tags.kind = 'study' and attributes.run_name = 'size/few'")
    with open_browser(folder / "profile") as browser:
        show(browser, width=1280, scheme="light")
        with serving(folder, "dashboard", "/dashboard") as address:
            browser.get(f"{address}/dashboard")
            wait_for(browser, "size/few", "size/many, fresh seeds")
        with serving(folder, "ui", "/health") as address:
            at = f"{address}/#/experiments/{ids[0]}/runs/{study.info.run_id}"
            browser.get(at)
            wait_for(browser, "size/few", "Winner of 4 trials", "search/fresh_bleu")
            browser.get(f"{at}/artifacts/plots/history.svg")
            wait_for(browser, "plots", "history.svg", "best_of.svg")


def num_complete(done: list[FrozenTrial]) -> int:
    return sum(trial.state == TrialState.COMPLETE for trial in done)
