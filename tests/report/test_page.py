"""A report: every figure, and no sentence."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.comparison.comparison import compare
from bench.report.index import write_index
from bench.report.page import Report, write_report
from tests.comparison.test_comparison import result

TAGS = {
    "date": "2026-11-22",
    "command": "python -m bench run it --corpus /home/ann/pairs.tsv",
    "git.commit": "abc",
    "mlflow.user": "ann",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    results = {
        name: [result(name, seed, bleu) for seed, bleu in enumerate(scores, start=1)]
        for name, scores in (("a", [20.0, 21.0, 22.0]), ("b", [25.1, 26.0, None]))
    }
    report = Report(
        experiment="it",
        comparison=compare("Does it?", results, baseline="a", margin=0.5),
        results=results,
        tags=TAGS,
        ledger={"train_pairs": 100},
        configs={"a": 'model.cell = "gru"\n'},
    )
    write_report(tmp_path / "report", report)
    return tmp_path / "report"


def test_the_page_holds_question_answer_table_and_provenance(folder: Path) -> None:
    """In this order, with one row per variant; a diverged run is counted."""
    page = (folder / "README.md").read_text("utf-8")

    places = [
        page.index(text)
        for text in (
            "# Does it?",
            "b is better than a",
            "| a | 3 |",
            "train_pairs: 100",
            "commit: abc",
        )
    ]

    assert places == sorted(places)
    assert "| b | 2 (+1 diverged) |" in page


def test_it_does_not_tell_where_files_lie_or_who_ran_it(folder: Path) -> None:
    """Of a path the last part, and of the tags those that matter."""
    everything = "".join(path.read_text("utf-8") for path in folder.iterdir())

    assert "--corpus pairs.tsv" in everything
    assert "/home" not in everything
    assert "ann" not in everything.replace("mannered", "")


def test_the_numbers_are_all_there_and_no_sentence(folder: Path) -> None:
    """Every run with every epoch, without its translations."""
    data = json.loads((folder / "results.json").read_text("utf-8"))

    assert [run["test"].get("bleu") for run in data["runs"]["b"]] == [25.1, 26.0, None]
    assert all("hypotheses" not in run for runs in data["runs"].values() for run in runs)


def test_the_figure_is_a_picture_with_its_axes_named(folder: Path) -> None:
    """Well-formed SVG, and the same file each time."""
    text = (folder / "overview.svg").read_text("utf-8")

    ElementTree.fromstring(text)
    assert "test BLEU, one dot per seed" in text
    assert "validation BLEU, mean and range" in text


def test_the_index_lists_every_report(folder: Path) -> None:
    """By question, with each verdict; made from the reports alone."""
    results = json.loads((folder / "results.json").read_text("utf-8"))
    results["settings"]["a"] = "evaluation.equivalence_margin = 0.5"
    for name in ("quick-one", "quick-two"):
        (folder.parent / "reports" / "it" / name).mkdir(parents=True)
        target = folder.parent / "reports" / "it" / name / "results.json"
        target.write_text(json.dumps(results | {"data": {"corpus": name, "train_pairs": 1234}}))

    write_index(folder.parent / "reports")

    index = (folder.parent / "reports" / "README.md").read_text("utf-8")
    assert index.count("## Does it?") == 1
    row = "| [quick-one, quick](it/quick-one/README.md) | 1,234 | against a: b better (+5.1) | 3 |"
    assert row in index
    assert "(it/quick-two/README.md)" in index
