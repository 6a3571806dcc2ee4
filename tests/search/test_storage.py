"""Where studies are kept."""

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.search.storage import open_storage


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite:///{}?timeout=9"])
def test_whoever_only_reads_makes_no_storage(form: str, tmp_path: Path) -> None:
    """A mistyped name leaves no file behind."""
    given = form.format(tmp_path / "studies")

    with pytest.raises(BenchError, match="no study is kept at"):
        open_storage(given, recorded=True)

    assert not list(tmp_path.iterdir())
    open_storage(given).create_new_study([], "it")
    assert len(open_storage(given, recorded=True).get_all_studies()) == 1
