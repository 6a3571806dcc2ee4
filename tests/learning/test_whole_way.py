"""The whole way, by the command line alone: run, stop, run again, compare, translate."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

EXPERIMENT = """
question = "Are more features better?"
baseline = "few"
seeds = [1, 2]

[model]
num_layers = 1

[training]
epochs = 8
batch_size = 16
learning_rate = 0.01
precision = "float32"

[variants.few]
model.hidden_size = 8
model.decoder_hidden_size = 8

[variants.many]
model.hidden_size = 48
model.decoder_hidden_size = 48

[expected.many]
low = 1.0
high = 2.0
source = "Somebody 1999"

[profiles.quick]
data.corpus = "digit_reversal"
data.generated_pairs = 2000
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "size.toml").write_text(EXPERIMENT)
    return tmp_path


def bench(
    folder: Path, *arguments: str, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=folder, capture_output=True, text=True, input=text, timeout=500,
    )  # fmt: skip


def unwrapped(text: str) -> str:
    """Undo line ends, which depend on how many digits the figures have."""
    return " ".join(text.split())


@pytest.mark.slow
def test_the_whole_way(folder: Path) -> None:
    """Killed in the middle and given again, the command ends in an answer; nothing is left open."""
    first = subprocess.Popen(
        [sys.executable, "-m", "bench", "run", "size"], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert first.stdout is not None
    for line in first.stdout:
        if "epoch 2/8" in line:
            break
    first.send_signal(signal.SIGTERM)
    _, said = first.communicate(timeout=60)

    assert first.returncode == 130
    assert "The same command goes on where it stopped" in said
    assert "RUNNING" not in statuses(folder)

    second = bench(folder, "run", "size")
    third = bench(folder, "run", "size")
    compared = bench(folder, "compare", "size")
    planned = bench(folder, "plan", "size")
    translated = bench(folder, "translate", "size", "--variant", "many", text="3 1 4\n\n2 7\n")
    one = bench(folder, "run", "size", "--seeds", "1")
    more = bench(folder, "run", "size", "--seeds", "3")
    named = bench(folder, "compare", "size", "--seeds", "1,2")

    assert second.returncode == 0, second.stderr
    assert "Are more features better?" in second.stdout
    assert "2 paired seeds" in unwrapped(second.stdout)
    assert "4 runs had been done before" in third.stdout
    assert "2 paired seeds" in unwrapped(compared.stdout)
    assert "Profile quick: 8 epochs of 1,591 training pairs" in compared.stdout
    assert "Published of many: +1 to +2 BLEU; ours: " in unwrapped(compared.stdout)
    assert "4 of 4 runs done" in planned.stdout
    assert len(translated.stdout.splitlines()) == 3
    assert translated.stdout.splitlines()[1] == ""
    assert "one seed is a smoke test" in one.stdout
    assert "with looks at" not in unwrapped(third.stdout)
    assert "with looks at 2, 3 seeds" in unwrapped(more.stdout)
    assert "Not counted: seeds recorded beside, 3" in unwrapped(named.stdout)
    assert "Not counted" not in compared.stdout
    assert set(statuses(folder)) == {"FINISHED"}
    assert_translator_is_safe(folder)
    assert_logged_model_translates(folder)


@pytest.mark.slow
def test_a_second_command_waits_for_the_first_and_answers_too(folder: Path) -> None:
    """No run is done twice, and none is called a failure because somebody else does it."""
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "bench", "run", "size"], cwd=folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [unwrapped(command.communicate(timeout=500)[0]) for command in both]

    assert [command.returncode for command in both] == [0, 0], said
    assert all("2 paired seeds" in each and "failed" not in each for each in said)
    assert statuses(folder) == ["FINISHED"] * 4


@pytest.mark.slow
def test_logging_costs_less_than_two_percent(folder: Path) -> None:
    """Of the training time, on a store that exists already."""
    from bench.tracking.mlflow_tracker import MlflowTracker
    from bench.tracking.result import EpochRecord
    from tests.tracking.test_mlflow_tracker import card

    bench(folder, "run", "size", "--seeds", "1")
    tracker = MlflowTracker(f"sqlite:///{folder}/mlflow.db", experiment="cost", question="?")
    tracker.start(card(1))
    metrics = {f"validation/{n}": 1.0 for n in range(12)}
    started = time.perf_counter()
    for epoch in range(1, 11):
        tracker.log_epoch("gru-1", EpochRecord(epoch=epoch, metrics=metrics))
    seconds_per_epoch = (time.perf_counter() - started) / 10

    # The quick profile's epochs take ten seconds and more.
    assert seconds_per_epoch < 0.02 * 10


def client_and_runs(folder: Path) -> tuple[MlflowClient, list]:  # type: ignore[type-arg]
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("size")
    return client, list(client.search_runs([experiment.experiment_id]))


def statuses(folder: Path) -> list[str]:
    return [run.info.status for run in client_and_runs(folder)[1] if run.data.tags["kind"] == "run"]


def assert_translator_is_safe(folder: Path) -> None:
    """No artifact of any run is a pickle."""
    files = [path for path in (folder / "mlruns").rglob("*") if path.is_file()]
    assert any(path.suffix == ".safetensors" for path in files)
    for path in files:
        assert path.suffix not in {".pkl", ".pickle", ".pt", ".pth", ".bin"}
        if path.suffix == ".json":
            json.loads(path.read_text("utf-8"))


def assert_logged_model_translates(folder: Path) -> None:
    """The variant's parent run holds a model that MLflow loads and that takes text."""
    client, runs = client_and_runs(folder)
    parent = next(run for run in runs if run.data.tags["kind"] == "variant")
    code = (
        "import mlflow, sys; mlflow.set_tracking_uri(sys.argv[1]); "
        "model = mlflow.pyfunc.load_model(sys.argv[2]); print(model.predict(['3 1 4', '2 7']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, client.tracking_uri, f"runs:/{parent.info.run_id}/model"],
        cwd=folder, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    translations = json.loads(done.stdout.splitlines()[-1].replace("'", '"'))
    assert len(translations) == 2
    assert all(set(text) <= set("0123456789 ") for text in translations)
