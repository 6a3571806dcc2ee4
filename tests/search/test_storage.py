"""Where studies are kept."""

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.search.storage import open_storage


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


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite:///{}?timeout=9"])
def test_whoever_only_reads_makes_no_storage(form: str, tmp_path: Path) -> None:
    """A mistyped name leaves no file behind."""
    given = form.format(tmp_path / "studies")

    with pytest.raises(BenchError, match="no study is kept at"):
        open_storage(given, recorded=True)

    assert not list(tmp_path.iterdir())
    open_storage(given).create_new_study([], "it")
    assert len(open_storage(given, recorded=True).get_all_studies()) == 1
