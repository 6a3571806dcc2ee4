"""Where studies are kept."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from bench.errors import BenchError, TrackingError
from bench.search.storage import open_storage, storage_errors
from bench.tracking.client import Client


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("postgresql://localhost:abc/x", "does not answer"),
        ("journal", "broken journal"),
    ],
)
def test_what_cannot_be_opened_says_so(given: str, message: str, tmp_path: Path) -> None:
    """An address that is none, or a journal with something else in it."""
    (tmp_path / "journal").write_text('{"op_code": 0}\n{"op_code": 4}\n')

    with pytest.raises(BenchError, match=message):
        open_storage(given)


def test_one_database_is_not_for_studies_and_runs(tmp_path: Path) -> None:
    """Both programs write there which form their tables have, and neither reads the other's."""
    address = f"sqlite:///{tmp_path / 'studies'}"
    open_storage(address)

    with pytest.raises(TrackingError, match="does not answer as MLflow does"):
        Client(address)

    with sqlite3.connect(tmp_path / "studies") as database:
        database.execute("UPDATE alembic_version SET version_num = 'of MLflow'")
    with pytest.raises(BenchError, match="does not answer"):
        open_storage(address)


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite:///{}?timeout=9"])
def test_whoever_only_reads_makes_no_storage(form: str, tmp_path: Path) -> None:
    """A mistyped name leaves no file behind."""
    given = form.format(tmp_path / "studies")

    with pytest.raises(BenchError, match="no study is kept at"):
        open_storage(given, recorded=True)

    assert not list(tmp_path.iterdir())
    open_storage(given).create_new_study([], "it")
    assert len(open_storage(given, recorded=True).get_all_studies()) == 1


def test_commands_that_make_a_database_at_once_all_have_it(tmp_path: Path) -> None:
    """Optuna looks whether there are tables and then makes them, which two would do at once."""
    given, together = f"sqlite:///{tmp_path / 'studies'}", Barrier(4)

    def begin(number: int) -> None:
        together.wait()
        open_storage(given).create_new_study([], f"it/{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(begin, range(4)))

    assert len(open_storage(given).get_all_studies()) == 4


@pytest.mark.parametrize("torn", ['{"op_code": 4, "worker', '{"op_code"' + " " * (3 << 20)])
def test_a_line_that_a_full_disk_cut_off_costs_no_other(torn: str, tmp_path: Path) -> None:
    """What is written next is not written behind it, by whoever has the journal open."""
    path = tmp_path / "journal"
    storage = open_storage(str(path))
    study_id = storage.create_new_study([], "it")
    for number in range(3):
        with path.open("a") as file:
            file.write(torn)
        storage.set_study_user_attr(study_id, f"number {number}", number)

    (study,) = open_storage(str(path)).get_all_studies()
    assert study.user_attrs == {"number 0": 0, "number 1": 1, "number 2": 2}


def test_a_storage_that_fails_in_the_middle_says_so(tmp_path: Path) -> None:
    """A database that was taken away is no fault of the program."""
    storage = open_storage(f"sqlite:///{tmp_path / 'studies'}")
    (tmp_path / "studies").write_text("something else, of more than sixteen bytes")

    message = "--storage does not answer any more: .*not a database"
    with pytest.raises(BenchError, match=message), storage_errors():
        storage.get_all_studies()
