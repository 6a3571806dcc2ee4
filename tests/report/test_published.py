"""The reports of this repository."""

from pathlib import Path

import pytest

from bench.report.index import INDEX, render_index
from bench.report.page import build_sections
from bench.report.pages import DISCUSSION, README, render_markdown
from bench.report.record import RESULTS, load_report

REPORTS = Path(__file__).parents[2] / "reports"
FOLDERS = sorted(path.parent for path in REPORTS.rglob(RESULTS))


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(REPORTS)))
def test_a_page_says_what_its_figures_say(folder: Path) -> None:
    """Nothing on it was written by hand but its discussion, and its words are those of today."""
    discussion = folder / DISCUSSION
    said = discussion.read_text("utf-8").strip() if discussion.exists() else ""
    report = load_report(folder)

    assert (folder / README).read_text("utf-8") == render_markdown(
        report, build_sections(report, said)
    )


@pytest.mark.slow
def test_the_index_says_what_the_reports_say() -> None:
    """Every report that is there, with its answer."""
    assert (REPORTS / INDEX).read_text("utf-8") == render_index(REPORTS)
