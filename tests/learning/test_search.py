"""Searching by the command line: killed and given again."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from optuna.trial import FrozenTrial, TrialState

from bench.search.storage import open_storage
from tests.learning.test_whole_way import EXPERIMENT, bench

SEARCH = """
[search]
trials = 5
epochs = 3

[search.space]
training.learning_rate = { low = 1e-3, high = 5e-2, log = true }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "size.toml").write_text(EXPERIMENT + SEARCH)
    return tmp_path


def trials(folder: Path) -> dict[str, list[FrozenTrial]]:
    storage = open_storage(str(folder / "optuna.journal"))
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
        if "trial1: epoch 2/3" in line:
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
    assert "no comparison of variants yet" in second.stdout
    assert "-trial" not in third.stdout
    found = trials(folder)
    assert set(found) == {"size/few", "size/many"}
    for done in found.values():
        complete = [trial for trial in done if trial.state == TrialState.COMPLETE]
        rates = {trial.params["training.learning_rate"] for trial in complete}
        assert len(complete) == len(rates) == 5
        assert all(trial.state in {TrialState.COMPLETE, TrialState.FAIL} for trial in done)
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("size")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    kinds = [(run.data.tags["kind"], run.info.status) for run in runs]
    assert sorted(kinds) == [("study", "FINISHED")] * 2 + [("trial", "FINISHED")] * 10


@pytest.mark.slow
def test_two_commands_share_one_study(folder: Path) -> None:
    """At once, on one storage: the total is exact and no settings are tried twice."""
    bench(folder, "search", "size", "--trials", "1")  # makes the stores
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "bench", "search", "size", "--trials", "6", "--jobs", "2"],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for command in both:
        _, said = command.communicate(timeout=400)
        assert command.returncode == 0, said

    for done in trials(folder).values():
        complete = [trial for trial in done if trial.state == TrialState.COMPLETE]
        assert len(complete) == 6
        assert len({trial.params["training.learning_rate"] for trial in complete}) == 6
        assert all(trial.state.is_finished() for trial in done)
