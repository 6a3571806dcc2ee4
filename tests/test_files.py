"""Files that are whole or as they were."""

from pathlib import Path

import pytest

from bench.files import write_whole


def test_a_file_that_cannot_be_written_to_its_end_leaves_the_earlier_one(tmp_path: Path) -> None:
    """Neither half a page nor the half begun beside it."""
    page = tmp_path / "README.md"
    write_whole(page, "Où est le gare?\n")

    write_whole(page, "Où est la gare ?\n")
    with pytest.raises(UnicodeEncodeError):
        write_whole(page, "Où \ud800")  # no character of any text

    assert page.read_text("utf-8") == "Où est la gare ?\n"
    assert list(tmp_path.iterdir()) == [page]
