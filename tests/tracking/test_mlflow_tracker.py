"""The record in MLflow, on a real SQLite store."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType

from bench.errors import TrackingError
from bench.tracking import experiment_store, variant_parents
from bench.tracking.mlflow_tracker import MlflowTracker
from bench.tracking.result import EpochRecord, RunResult
from bench.tracking.seed_means import mean_curves, mean_scores
from bench.tracking.store import created_beside, is_new, tracking_uri, without_password
from bench.tracking.tracker import RunCard, Sample, StudySummary, VariantSummary


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Create a store as a first command does."""
    uri = tracking_uri(f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db")
    with created_beside(uri) as creating:
        assert creating
    return uri


@pytest.fixture
def tracker(uri: str, request: pytest.FixtureRequest) -> MlflowTracker:
    """Give each test an experiment of its own."""
    return MlflowTracker(uri, experiment=request.node.name, question="Does it?")


def card(seed: int, *, variant: str = "gru") -> RunCard:
    return RunCard(
        identity=f"{variant}-{seed}",
        group=f"group-{variant}",
        name=f"{variant}-seed{seed}",
        variant=variant,
        seed=seed,
        params={"model.cell": variant, "model.hidden_size": "8"},
        tags={"profile": "quick", "experiment": "it"},
        resolved_toml='model.cell = "gru"\n',
        dataset_name="corpus",
        dataset_fingerprint="f" * 32,
        ledger="{}",
    )


def result(seed: int, *, variant: str = "gru", bleu: float = 20.0) -> RunResult:
    return RunResult(
        identity=f"{variant}-{seed}",
        variant=variant,
        seed=seed,
        outcome="finished",
        detail="",
        parameters=123,
        best_epoch=2,
        epochs=tuple(
            EpochRecord(epoch=epoch, metrics={"validation/bleu": bleu * epoch, "train/loss": 1.0})
            for epoch in (1, 2)
        ),
        test={"bleu": bleu, "loss": 2.0},
        signatures={"bleu": "case:lc"},
        hypotheses=("who?",),
        sentence_losses=(),
        sentence_tokens=(),
        training_seconds=3.0,
        pairs_per_second=7.0,
        peak_memory_bytes=5,
        device="cpu",
        precision="float32",
    )


def record(tracker: MlflowTracker, seed: int, folder: Path, *, bleu: float = 20.0) -> RunResult:
    """Do what a finished run does."""
    done = result(seed, bleu=bleu)
    (folder / "translator").mkdir(parents=True, exist_ok=True)
    (folder / "translator" / "translator.json").write_text("{}")
    tracker.start(card(seed))
    for epoch in done.epochs:
        tracker.log_epoch(done.identity, epoch)
    tracker.finish(done.identity, done, folder, [Sample("Qui ?", "Who?", "who?")])
    return done


def summary(runs: Sequence[RunResult]) -> VariantSummary:
    return VariantSummary(
        variant="gru",
        group="group-gru",
        colour="#0072B2",
        runs=runs,
        note="So.",
        figures={"difference/bleu": float(len(runs))},
        verdict="better",
    )


def runs(uri: str, tracker: MlflowTracker, where: str = "") -> list[Run]:
    client = MlflowClient(tracking_uri=uri)
    return list(
        client.search_runs([tracker.experiment_id], where, run_view_type=ViewType.ACTIVE_ONLY)
    )


def test_a_finished_run_is_found_again_whole(tracker: MlflowTracker, tmp_path: Path) -> None:
    """By its identity, with every number as it was."""
    done = record(tracker, 1, tmp_path / "a")

    assert tracker.find_results(["gru-1", "gru-2"]) == {"gru-1": done}


def test_a_record_of_many_pages_is_read_to_its_end(
    tracker: MlflowTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow answers with so many runs at a time."""
    monkeypatch.setattr(experiment_store, "PAGE", 2)
    done = {f"gru-{seed}": record(tracker, seed, tmp_path / str(seed)) for seed in (1, 2, 3, 4, 5)}

    assert tracker.find_results(done) == done


def test_a_run_carries_what_is_needed_to_understand_it(
    uri: str, tracker: MlflowTracker, tmp_path: Path
) -> None:
    """Parameters, curves, test scores at step 0, tags, data set, and files."""
    record(tracker, 1, tmp_path / "a")
    client = MlflowClient(tracking_uri=uri)

    (run,) = runs(uri, tracker, "tags.kind = 'run'")
    curve = client.get_metric_history(run.info.run_id, "validation/bleu")
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    table = json.loads(
        client.download_artifacts(run.info.run_id, "translations.json", str(tmp_path))
        and (tmp_path / "translations.json").read_text()
    )

    assert run.info.status == "FINISHED"
    assert run.info.run_name == "gru-seed1"
    assert run.data.params["model.cell"] == "gru"
    assert [(point.step, point.value) for point in curve] == [(1, 20.0), (2, 40.0)]
    assert client.get_metric_history(run.info.run_id, "test/bleu")[0].step == 0
    assert run.data.metrics["test/loss"] == 2.0
    assert run.data.metrics["train/total_seconds"] == 3.0
    assert run.data.metrics["train/peak_memory_bytes"] == 5.0
    assert run.data.metrics["train/parameters"] == 123.0
    assert run.data.tags["precision"] == "float32"
    assert run.data.tags["variant"] == "gru"
    assert run.data.tags["seed"] == "1"
    assert run.data.tags["bleu.signature"] == "case:lc"
    assert run.inputs.dataset_inputs[0].dataset.digest == "f" * 32
    assert {"config.toml", "result.json", "corpus.json", "translations.json"} <= files
    assert table["columns"] == ["source", "reference", "translation"]


def test_translations_are_a_table_however_often_they_were_begun(
    uri: str, tracker: MlflowTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a file of a command that died is written over; MLflow finds and reads the whole."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    client = MlflowClient(tracking_uri=uri)
    tracker.start(card(1))
    (run,) = runs(uri, tracker, "tags.kind = 'run'")
    client.log_text(run.info.run_id, '{"columns": ["sou', "translations.json")

    record(tracker, 1, tmp_path / "a")

    table = client.load_table(tracker.experiment_id, "translations.json", [run.info.run_id])
    assert table.to_dict("records") == [
        {"source": "Qui ?", "reference": "Who?", "translation": "who?"}
    ]


def test_a_variant_has_one_parent_with_mean_curves(
    uri: str, tracker: MlflowTracker, tmp_path: Path
) -> None:
    """Mean over seeds by epoch, test mean and deviation; the seeds are its children."""
    done = [
        record(tracker, seed, tmp_path / str(seed), bleu=bleu)
        for seed, bleu in ((1, 20.0), (2, 22.0))
    ]

    tracker.summarise(summary(done))
    (parent,) = runs(uri, tracker, "tags.kind = 'variant'")
    children = runs(uri, tracker, "tags.kind = 'run'")
    curve = MlflowClient(tracking_uri=uri).get_metric_history(parent.info.run_id, "validation/bleu")

    assert [(point.step, point.value) for point in curve] == [(1, 21.0), (2, 42.0)]
    assert parent.data.metrics["test/bleu"] == 21.0
    assert parent.data.metrics["test/bleu_sd"] == pytest.approx(2**0.5)
    assert parent.data.params["model.cell"] == "gru"
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["mlflow.runColor"] == "#0072B2"
    assert parent.data.tags["mlflow.note.content"] == "So."
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}


def test_mean_curves_end_with_the_shortest_run_and_leave_diverged_ones_out() -> None:
    """A mean over whoever is left would bend where one stops."""
    long, other = result(1), result(2, bleu=30.0)
    third = replace(long.epochs[0], epoch=3)
    long = replace(long, epochs=(*long.epochs, third))
    gone = replace(result(3, bleu=900.0), outcome="diverged")

    curves = mean_curves([long, other, gone])

    assert {epoch: found["validation/bleu"] for epoch, found in curves.items()} == {1: 25, 2: 50}


def test_the_model_beside_a_variant_is_the_best_by_validation(
    uri: str, tracker: MlflowTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the test split says of it."""
    monkeypatch.setattr(variant_parents, "save_logged_model", lambda folder, _: folder.mkdir())
    first = record(tracker, 1, tmp_path / "1", bleu=22.0)
    second = record(tracker, 2, tmp_path / "2", bleu=20.0)
    told = [first, replace(second, test={"bleu": 99.0, "loss": 0.1})]

    tracker.summarise(summary(told))

    (parent,) = runs(uri, tracker, "tags.kind = 'variant'")
    assert parent.data.tags["model.identity"] == first.identity


def test_means_are_of_what_all_runs_have(tracker: MlflowTracker, tmp_path: Path) -> None:
    """An earlier version wrote less of some."""
    (old, new) = (record(tracker, seed, tmp_path / str(seed)) for seed in (1, 2))
    more = tuple(
        replace(epoch, metrics={**epoch.metrics, "validation/x": 1.0}) for epoch in new.epochs
    )
    new = replace(new, test={**new.test, "x": 1.0}, epochs=more)

    for runs_of_it in ([old, new], [new, old]):
        assert "validation/x" not in mean_curves(runs_of_it)[1]
        assert "test/x" not in mean_scores(runs_of_it)
        assert mean_scores(runs_of_it)["test/bleu"] == 20.0


def test_a_parent_follows_its_seeds(uri: str, tracker: MlflowTracker, tmp_path: Path) -> None:
    """Written twice for the same seeds it stays as it is; one seed more and it is written anew."""
    first = record(tracker, 1, tmp_path / "a")
    tracker.summarise(summary([first]))
    tracker.summarise(summary([first]))
    (before,) = runs(uri, tracker, "tags.kind = 'variant'")
    second = record(tracker, 2, tmp_path / "b", bleu=30.0)

    tracker.summarise(summary([first, second]))
    (after,) = runs(uri, tracker, "tags.kind = 'variant'")
    client = MlflowClient(tracking_uri=uri)

    assert len(client.get_metric_history(before.info.run_id, "validation/bleu")) == 2
    assert len(client.get_metric_history(after.info.run_id, "validation/bleu")) == 2
    assert after.data.metrics["test/bleu"] == 25.0
    for child in runs(uri, tracker, "tags.kind = 'run'"):
        assert child.data.tags["mlflow.parentRunId"] == after.info.run_id

    tracker.summarise(summary([first]))  # fewer seeds: what is known stays
    (kept,) = runs(uri, tracker, "tags.kind = 'variant'")
    assert kept.info.run_id == after.info.run_id
    assert kept.data.metrics["test/bleu"] == 25.0
    assert kept.data.metrics["difference/bleu"] == 2.0
    assert kept.data.tags["verdict"] == "better"


def test_recorded_seeds_are_those_of_any_variant(
    uri: str, tracker: MlflowTracker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """And when their answer was to be looked at is remembered; a page compares their parents."""
    for seed in (1, 2):
        record(tracker, seed, tmp_path / str(seed))
    tracker.start(card(3))  # has not ended
    tracker.start(card(4))
    tracker.plan_looks(["gru-4"], (2, 3, 5))
    tracker.finish("gru-4", result(4), tmp_path / "1", [])

    tracker.find_results(["gru-1", "gru-4"])

    assert tracker.recorded_seeds(["group-gru"]) == {1, 2, 4}
    assert tracker.recorded_seeds(["group-gru", "group-lstm"]) == {1, 2, 4}
    assert tracker.recorded_seeds(["group-lstm"]) == set()
    assert tracker.recorded_looks(["gru-1"]) == set()
    assert tracker.recorded_looks(["gru-1", "gru-4"]) == {(2, 3, 5)}
    tracker.plan_looks(["gru-1"], (3, 4))
    assert tracker.recorded_looks(["gru-1", "gru-4"]) == {(2, 3, 5), (3, 4)}
    tracker.plan_looks(["gru-4"], (3, 8))  # an earlier plan is not forgotten for a later one
    assert tracker.recorded_looks(["gru-4"]) == {(2, 3, 5, 8)}
    other = MlflowTracker(uri, experiment=request.node.name, question="?")
    other.find_results(["gru-4"])
    other.plan_looks(["gru-4"], (13,))
    tracker.plan_looks(["gru-4"], (21,))  # another command's neither
    assert tracker.recorded_looks(["gru-4"]) == {(2, 3, 5, 8, 13, 21)}
    tracker.start(card(4))  # done again: the same numbers come of it, and have been seen
    assert tracker.recorded_looks(["gru-4"]) == {(2, 3, 5, 8, 13, 21)}
    assert tracker.compare_page(["group-gru"]).startswith(
        "http://127.0.0.1:5000/#/compare-runs?runs=%5B%22"
    )


def test_an_abandoned_run_says_so_and_goes_on_as_the_same_run(
    uri: str, tracker: MlflowTracker, tmp_path: Path
) -> None:
    """KILLED, never RUNNING for ever; the next attempt does not open a second run."""
    tracker.start(card(1))
    tracker.log_epoch("gru-1", result(1).epochs[0])
    tracker.abandon("gru-1", status="KILLED", reason="interrupted")
    (killed,) = runs(uri, tracker, "tags.kind = 'run'")
    (parent,) = runs(uri, tracker, "tags.kind = 'variant'")

    record(tracker, 1, tmp_path / "a")
    (finished,) = runs(uri, tracker, "tags.kind = 'run'")

    assert killed.info.status == parent.info.status == "KILLED"
    assert finished.info.run_id == killed.info.run_id
    assert finished.info.status == "FINISHED"
    assert "detail" not in finished.data.tags


def test_what_is_gone_on_with_elsewhere_says_both(uri: str, tracker: MlflowTracker) -> None:
    """Half a run of one commit and half of another is of neither alone."""
    for commit in ("aaaa", "bbbb", "bbbb"):
        tags = {**card(1).tags, "git.commit": commit, "host.cpu": "EPYC"}
        tracker.start(replace(card(1), tags=tags))
        tracker.abandon("gru-1", status="KILLED", reason="interrupted")

    (run,) = runs(uri, tracker, "tags.kind = 'run'")

    assert run.data.tags["git.commit"] == "aaaa, then bbbb"
    assert run.data.tags["host.cpu"] == "EPYC"


def test_what_was_begun_is_not_gone_on_with_by_force(
    uri: str, tracker: MlflowTracker, tmp_path: Path
) -> None:
    """Nothing of it is in the new run: not an epoch, not a tag."""
    tracker.start(card(1))
    tracker.log_epoch("gru-1", result(1).epochs[0])
    tracker.abandon("gru-1", status="KILLED", reason="interrupted")

    tracker.forget(["gru-1"])
    record(tracker, 1, tmp_path / "a")

    new, old = runs(uri, tracker, "tags.kind = 'run'")
    assert (new.info.status, old.info.status) == ("FINISHED", "KILLED")
    assert "forgotten" in old.data.tags
    assert "forgotten" not in new.data.tags


def test_a_run_that_another_machine_has_ended_is_not_spoilt(
    uri: str, tracker: MlflowTracker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Both were at work on it, as one run of MLflow's; who is stopped leaves it as it is."""
    tracker.start(card(1))
    other = MlflowTracker(uri, experiment=request.node.name, question="?")
    record(other, 1, tmp_path / "a")

    tracker.abandon("gru-1", status="KILLED", reason="interrupted")

    (run,) = runs(uri, tracker, "tags.kind = 'run'")
    assert run.info.status == "FINISHED"
    assert "detail" not in run.data.tags


def test_what_is_forgotten_is_done_again_in_a_run_of_its_own(
    uri: str, tracker: MlflowTracker, tmp_path: Path
) -> None:
    """The old run stays to be seen, and so do the looks at it."""
    for seed in (1, 2):
        record(tracker, seed, tmp_path / str(seed))
    tracker.plan_looks(["gru-1", "gru-2"], (2, 5))

    tracker.forget(["gru-1"])

    assert list(tracker.find_results(["gru-1", "gru-2"])) == ["gru-2"]
    assert tracker.recorded_seeds(["group-gru"]) == {2}
    record(tracker, 1, tmp_path / "again")
    assert set(tracker.find_results(["gru-1", "gru-2"])) == {"gru-1", "gru-2"}
    assert tracker.recorded_looks(["gru-1"]) == {(2, 5)}
    assert len(runs(uri, tracker, "tags.kind = 'run'")) == 3


def test_a_parent_shows_nothing_that_is_forgotten(
    uri: str, tracker: MlflowTracker, tmp_path: Path
) -> None:
    """Even where fewer runs have been done again than it was written for."""
    seen = [record(tracker, seed, tmp_path / str(seed), bleu=20.0) for seed in (1, 2)]
    tracker.summarise(summary(seen))

    tracker.forget(["gru-1"])
    again = record(tracker, 1, tmp_path / "again", bleu=30.0)
    tracker.summarise(summary([again]))

    (parent,) = runs(uri, tracker, "tags.kind = 'variant'")
    assert parent.data.metrics["test/bleu"] == 30.0
    assert "forgotten" not in parent.data.tags
    assert len(runs(uri, tracker, f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")) == 3
    tracker.summarise(summary([again, seen[1]]))
    (parent,) = runs(uri, tracker, "tags.kind = 'variant'")
    assert parent.data.metrics["test/bleu"] == 25.0


def test_a_diverged_run_is_an_outcome(uri: str, tracker: MlflowTracker, tmp_path: Path) -> None:
    """FAILED in MLflow, but found again: it is not tried for ever."""
    diverged = replace(result(1), outcome="diverged", detail="not finite", test={}, signatures={})
    tracker.start(card(1))
    (tmp_path / "a").mkdir()

    tracker.finish("gru-1", diverged, tmp_path / "a", [])
    (run,) = runs(uri, tracker, "tags.kind = 'run'")

    assert run.info.status == "FAILED"
    assert tracker.find_results(["gru-1"]) == {"gru-1": diverged}


def test_a_folder_is_refused_as_a_store() -> None:
    """MLflow 3 would raise an exception of its own."""
    with pytest.raises(TrackingError, match="keeps no runs in plain folders"):
        tracking_uri("./mlruns")


def test_the_environment_names_the_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Below the command line, above the default; SQLite paths become absolute."""
    assert tracking_uri(None) == f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example:5000")

    assert tracking_uri(None) == "http://tracking.example:5000"
    assert tracking_uri("sqlite:///own.db") == f"sqlite:///{tmp_path / 'own.db'}"
    assert (
        tracking_uri("sqlite:///own.db?timeout=9") == f"sqlite:///{tmp_path / 'own.db'}?timeout=9"
    )
    with pytest.raises(TrackingError, match="tracking URI"):
        tracking_uri("http://[::1")


def test_a_store_with_options_is_the_store_without(tmp_path: Path) -> None:
    """It is not taken for a new one, and made again."""
    (tmp_path / "own.db").touch()

    assert not is_new(f"sqlite:///{tmp_path}/own.db?timeout=9")


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_a_result_that_cannot_be_read_says_where_it_lay(
    uri: str, tracker: MlflowTracker, tmp_path: Path, content: str | None
) -> None:
    """Folders are moved, and what is in them is addressed whole."""
    record(tracker, 1, tmp_path / "a")
    (run,) = runs(uri, tracker, "tags.kind = 'run'")
    kept = Path(unquote(run.info.artifact_uri.removeprefix("file://"))) / "result.json"
    kept.unlink() if content is None else kept.write_text(content)

    with pytest.raises(TrackingError, match=r"run gru-seed1 came to .*result\.json in .*a link"):
        tracker.find_results(["gru-1"])


def test_a_store_without_its_driver_is_a_short_line() -> None:
    """Which Python package is lacking, and no traceback."""
    with pytest.raises(TrackingError, match="No module named"):
        MlflowTracker("mysql://ann:secret@localhost/x", experiment="it", question="?")


def test_a_password_is_never_shown() -> None:
    """Whatever else the address says is kept."""
    for user in ("ann:secret", "ann:", "a-token"):
        assert without_password(f"http://{user}@host:5000/x") == "http://***@host:5000/x"
    assert without_password("http://host:5000") == "http://host:5000"
    odbc = "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dsecret%3B"
    assert "secret" not in without_password(odbc)
    assert without_password("sqlite:////tmp/a.db") == "sqlite:////tmp/a.db"
    # SQLAlchemy takes them too.
    for odd in ("p#ss", "p/ss", "p?ss", "p@ss", "p:ss", "p ss", "p://ss"):
        assert without_password(f"postgresql://ann:{odd}@host/runs") == (
            "postgresql://ann:***@host/runs"
        )
    assert without_password("postgresql://host/runs?user=ann&password=secret&sslmode=require") == (
        "postgresql://host/runs?user=ann&password=***&sslmode=require"
    )
    assert without_password("http://to/ken@host:5000") == "http://***@host:5000"
    for name in ("token", "access_token", "api_key", "client-secret"):
        assert without_password(f"http://h/?a=b&{name}=c") == f"http://h/?a=b&{name}=***"


def test_a_file_that_is_no_store_is_said_to_be_none(tmp_path: Path) -> None:
    """At once, where MLflow would try ten times and then show its traceback."""
    (tmp_path / "notes.md").write_text("# Notes\n")

    with pytest.raises(TrackingError, match="is no SQLite database"):
        MlflowTracker(f"sqlite:///{tmp_path / 'notes.md'}", experiment="it", question="?")


def test_a_run_that_was_never_opened_needs_no_closing(tracker: MlflowTracker) -> None:
    """Its command was stopped before."""
    tracker.abandon("gru-1", status="KILLED", reason="interrupted")


def test_what_an_interruption_kept_from_the_record_is_written_in_the_end(
    uri: str, tracker: MlflowTracker, tmp_path: Path
) -> None:
    """Parameters and epochs."""
    whole = result(1)
    empty = tracker._store.client.create_run(
        tracker.experiment_id,
        tags={"kind": "run", "identity": "gru-1", "group": "group-gru", "looks": "2 5"},
    )

    tracker.start(card(1))
    tracker.plan_looks(["gru-1"], (2, 3))
    (tmp_path / "a").mkdir()
    tracker.finish("gru-1", whole, tmp_path / "a", [])

    (run,) = runs(uri, tracker, "tags.kind = 'run'")
    assert run.info.run_id == empty.info.run_id
    assert run.data.params["model.cell"] == "gru"
    assert run.data.tags["looks"] == "2 3 5"
    history = MlflowClient(tracking_uri=uri).get_metric_history(run.info.run_id, "train/loss")
    assert [point.step for point in history] == [epoch.epoch for epoch in whole.epochs]


def test_runs_made_again_are_summarised_again(
    uri: str, tracker: MlflowTracker, tmp_path: Path
) -> None:
    """The parent of the same seeds shows the newer ones."""
    tracker.summarise(summary([record(tracker, 1, tmp_path / "a")]))
    newer = replace(result(1), training_seconds=77.0)

    tracker.summarise(summary([newer]))

    (parent,) = runs(uri, tracker, "tags.kind = 'variant'")
    assert parent.data.metrics["train/total_seconds"] == 77.0


def test_two_parents_of_a_variant_become_one(
    uri: str, tracker: MlflowTracker, tmp_path: Path
) -> None:
    """Two commands at once may have made one each."""
    first = record(tracker, 1, tmp_path / "a")
    (parent,) = runs(uri, tracker, "tags.kind = 'variant'")
    tags = {key: value for key, value in parent.data.tags.items() if key != "covers"}
    extra = tracker._store.client.create_run(tracker.experiment_id, tags=tags).info.run_id

    tracker.summarise(summary([first]))

    (left,) = runs(uri, tracker, "tags.kind = 'variant'")
    (child,) = runs(uri, tracker, "tags.kind = 'run'")
    assert left.info.run_id == extra
    assert child.data.tags["mlflow.parentRunId"] == extra


def test_commands_that_end_at_once_write_one_parent_once(
    uri: str, tracker: MlflowTracker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each has waited for the other's runs, and summarises them all."""
    done = [record(tracker, seed, tmp_path / str(seed)) for seed in (1, 2)]
    tracker.summarise(summary(done[:1]))  # so that there is a parent to be replaced
    name = request.node.name
    commands = [MlflowTracker(uri, experiment=name, question="?") for _ in range(4)]
    for command in commands:
        command.find_results(["gru-1", "gru-2"])

    with ThreadPoolExecutor(len(commands)) as pool:
        list(pool.map(lambda command: command.summarise(summary(done)), commands))

    (parent,) = runs(uri, tracker, "tags.kind = 'variant'")
    curve = MlflowClient(tracking_uri=uri).get_metric_history(parent.info.run_id, "validation/bleu")
    assert [point.step for point in curve] == [1, 2]
    assert parent.data.tags["covers"] == "gru-1 gru-2"
    for child in runs(uri, tracker, "tags.kind = 'run'"):
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id


def test_commands_that_begin_at_once_have_one_parent(
    uri: str, tracker: MlflowTracker, request: pytest.FixtureRequest
) -> None:
    """Whichever makes it, the others find it."""
    name = request.node.name
    commands = [MlflowTracker(uri, experiment=name, question="?") for _ in range(4)]

    with ThreadPoolExecutor(len(commands)) as pool:
        list(pool.map(lambda seed: commands[seed].start(card(seed)), range(4)))

    (parent,) = runs(uri, tracker, "tags.kind = 'variant'")
    children = runs(uri, tracker, "tags.kind = 'run'")
    assert [child.data.tags["mlflow.parentRunId"] for child in children] == [parent.info.run_id] * 4


def test_looks_of_commands_that_end_at_once_add_up(
    uri: str, tracker: MlflowTracker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each has planned its own; what was planned while a run was made again counts too."""
    identities = [record(tracker, seed, tmp_path / str(seed)).identity for seed in (1, 2)]
    tracker.start(card(1))  # by force; it ends after the others have looked
    name = request.node.name
    commands = [MlflowTracker(uri, experiment=name, question="?") for _ in range(4)]
    for command in commands:
        command.find_results(identities)

    with ThreadPoolExecutor(len(commands)) as pool:
        list(pool.map(lambda n: commands[n].plan_looks(identities, (2, 3 + n)), range(4)))
    tracker.finish("gru-1", result(1), tmp_path / "1", [])

    later = MlflowTracker(uri, experiment=name, question="?")
    later.find_results(identities)
    assert later.recorded_looks(identities) == {(2, 3, 4, 5, 6)}


def test_a_parent_that_another_command_replaced_is_followed(
    uri: str, tracker: MlflowTracker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It summarises some seeds while this one is still at work on others."""
    first = record(tracker, 1, tmp_path / "a")
    other = MlflowTracker(uri, experiment=request.node.name, question="?")
    other.find_results(["gru-1"])
    other.summarise(summary([first]))
    second = record(other, 2, tmp_path / "b")
    other.summarise(summary([first, second]))

    tracker.start(card(3))
    tracker.abandon("gru-3", status="KILLED", reason="interrupted")

    (parent,) = runs(uri, tracker, "tags.kind = 'variant'")
    assert parent.info.status == "KILLED"
    for child in runs(uri, tracker, "tags.kind = 'run'"):
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id


def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    """In a line that names it, without its password."""
    with pytest.raises(TrackingError, match=r"store http://\*\*\*@127.0.0.1:9") as caught:
        MlflowTracker("http://ann:secret@127.0.0.1:9", experiment="it", question="?")

    assert "secret" not in str(caught.value)
    assert str(caught.value).endswith("does: [Errno 111] Connection refused")


def test_a_study_carries_its_plots_and_marks_its_best_trial(tracker: MlflowTracker) -> None:
    """One trial is marked at a time, though more are done later."""
    for number in (1, 2):
        trial = replace(card(number), kind="trial", group="it/gru 1f", study="it/gru")
        tracker.start(trial)
        tracker.finish_trial(f"gru-{number}", status="FINISHED", tags={"trial": str(number)})

    for best in ("gru-1", "gru-2"):
        tracker.summarise_study(
            StudySummary(
                group="it/gru 1f",
                colour="#0072B2",
                best=[best],
                note="Winner.",
                figures={"search/best_bleu": 20.0},
                plots={"history": "<svg/>"},
            )
        )

    runs = tracker._store.search("tags.kind = 'trial'")
    assert {run.data.tags["identity"]: run.data.tags.get("best") for run in runs} == {
        "gru-1": None,
        "gru-2": "true",
    }
    (study,) = tracker._store.search("tags.kind = 'study'")
    assert study.info.status == "FINISHED"
    assert study.info.run_name == "it/gru"
    assert study.data.metrics["search/best_bleu"] == 20.0
    (plot,) = tracker._client.list_artifacts(study.info.run_id, "plots")
    assert plot.path == "plots/history.svg"
    assert all(run.data.tags["mlflow.parentRunId"] == study.info.run_id for run in runs)
