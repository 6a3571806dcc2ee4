"""Files that are whole or as they were."""

import resource
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.files import allow_open_files, write_whole


def test_a_file_that_cannot_be_written_to_its_end_leaves_the_earlier_one(tmp_path: Path) -> None:
    """Neither half a page nor the half begun beside it."""
    page = tmp_path / "README.md"
    write_whole(page, "Où est le gare?\n")

    write_whole(page, "Où est la gare ?\n")
    with pytest.raises(UnicodeEncodeError):
        write_whole(page, "Où \ud800")  # no character of any text

    assert page.read_text("utf-8") == "Où est la gare ?\n"
    assert list(tmp_path.iterdir()) == [page]


def test_a_plan_of_many_runs_may_hold_as_many_locks() -> None:
    """Where the machine permits them."""
    ours = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, ours[1]))
        allow_open_files(700)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 700
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, ours)


def test_a_plan_of_more_runs_than_there_may_be_locks_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before any has begun, with what to do."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))

    allow_open_files(700)
    with pytest.raises(BenchError, match=r"1,024 are permitted here .* fewer seeds"):
        allow_open_files(1_000)
