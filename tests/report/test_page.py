"""A report: every figure, in the order of reading."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.comparison.statistics import Interval
from bench.errors import BenchError
from bench.report.formats import render_csv, render_json, render_markdown
from bench.report.index import write_index
from bench.report.pages import discusses_others, write_report
from bench.report.record import load_report
from tests.comparison.examples import comparison, result
from tests.report.examples import example, with_curves, write_example


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_example(tmp_path_factory.mktemp("report"))


def test_the_page_goes_from_the_question_to_the_command(folder: Path) -> None:
    """In this order; a diverged run is counted."""
    page = (folder / "README.md").read_text("utf-8")

    places = [
        page.index(text)
        for text in (
            "# Does it?", "whether b differs from a: +5.05", "1 of 3 runs of b diverged",
            "| a | 3 |", "figures/forest.svg", "figures/seeds.svg", "## Learning curves",
            "## Quality and cost", "## BLEU by length", "## Attention", "## Sample translations",
            "## Published effects", "train_pairs: 1234", "commit: abc", "python -m bench run it",
        )
    ]  # fmt: skip

    assert places == sorted(places)
    assert "| b | 2 (+1 diverged) |" in page


def test_both_pages_say_the_same_from_the_figures_alone(folder: Path, tmp_path: Path) -> None:
    """What is read back from results.json gives the same files, to the letter."""
    write_report(tmp_path / "again", load_report(folder))

    for path in folder.rglob("*.*"):
        again = tmp_path / "again" / path.relative_to(folder)
        assert again.read_bytes() == path.read_bytes(), path.name


def test_sentences_are_not_taken_for_markup(folder: Path) -> None:
    """Bars, stars and brackets of a corpus stand as they are."""
    html = (folder / "index.html").read_text("utf-8")

    assert '<td style="text-align:left">Où | est-il ?</td>' in html
    assert "Where is &lt;it&gt;?" in html
    assert "what *is* it?" in html


def test_a_discussion_is_taken_in_and_never_touched(tmp_path: Path) -> None:
    """It is written by hand."""
    text = "The first *guess* was wrong.\n"
    (tmp_path / "discussion.md").write_text(text)

    write_example(tmp_path)

    assert (tmp_path / "discussion.md").read_text() == text
    assert "## Discussion\n\nThe first *guess* was wrong." in (tmp_path / "README.md").read_text()
    assert "The first <em>guess</em> was wrong." in (tmp_path / "index.html").read_text("utf-8")


def test_a_discussion_beside_other_scores_than_it_was_written_beside_is_known(
    tmp_path: Path,
) -> None:
    """Such as ours, in a clone of this project, beside your runs."""
    folder = write_example(tmp_path)
    first, *others = example().comparison.rows
    moved = {**first.scores, "bleu": Interval(30.0, 29.0, 31.0)}
    rows = [replace(first, scores=moved), *others]
    other = replace(example(), comparison=replace(example().comparison, rows=rows))
    assert not discusses_others(folder, other)  # nothing was written

    (folder / "discussion.md").write_text("b is ahead.\n")

    assert discusses_others(folder, other)
    assert not discusses_others(folder, example())


def test_nobody_else_s_files_are_touched(tmp_path: Path) -> None:
    """A folder with a page of its own is refused, and figures of others stay beside ours."""
    figures = tmp_path / "paper" / "figures"
    figures.mkdir(parents=True)
    (figures / "own.svg").write_text("<svg/>")
    (tmp_path / "paper" / "README.md").write_text("my paper")
    with pytest.raises(BenchError, match=r"has a README\.md that is no report's"):
        write_example(tmp_path / "paper")
    (tmp_path / "paper" / "README.md").unlink()

    folder = write_example(tmp_path / "paper")
    (figures / "forest.svg").write_text("old")
    write_report(folder, load_report(folder))

    assert (figures / "own.svg").read_text() == "<svg/>"
    assert (figures / "forest.svg").read_text() != "old"


def test_a_report_is_not_replaced_by_one_on_other_files_of_that_name(tmp_path: Path) -> None:
    """Nor is its discussion put beside their figures; more runs on the same files are welcome."""
    first = replace(example(), provenance={"prepared data": "0123456789ab"})
    more = replace(
        example(), provenance={"prepared data": "0123456789ab (3 runs); ffffffff (1 runs)"}
    )
    other = replace(example(), provenance={"prepared data": "ba9876543210"})
    write_report(tmp_path / "it", first)
    write_report(tmp_path / "it", more)

    with pytest.raises(BenchError, match="is about another pairs"):
        write_report(tmp_path / "it", other)

    assert load_report(tmp_path / "it").provenance == more.provenance
    write_report(tmp_path / "known", replace(first, corpus="multi30k"))
    write_report(tmp_path / "known", replace(other, corpus="multi30k"))


def test_a_discussion_that_is_no_text_is_named(tmp_path: Path) -> None:
    """And a byte order mark is not part of one."""
    folder = write_example(tmp_path / "it")
    (folder / "discussion.md").write_bytes(b"\xef\xbb\xbf### Heading")
    write_report(folder, load_report(folder))
    assert "<h3>Heading</h3>" in (folder / "index.html").read_text("utf-8")

    (folder / "discussion.md").write_bytes(b"D\xe9j\xe0")
    with pytest.raises(BenchError, match=r"discussion\.md is not UTF-8"):
        write_report(folder, load_report(folder))


def test_the_page_is_one_file_that_fetches_nothing(folder: Path) -> None:
    """No script, no sheet, no picture from elsewhere."""
    html = (folder / "index.html").read_text("utf-8")

    assert "<script" not in html
    assert not re.findall(r'(?:src|@import|<link[^>]*href="(?!data:))', html)


def test_figures_are_pictures_with_their_axes_named(folder: Path) -> None:
    """Well-formed SVG with the page's own ink."""
    text = (folder / "figures" / "loss_by_seconds.svg").read_text("utf-8")

    ElementTree.fromstring(text)
    assert "validation loss, nats per token" in text
    assert "training seconds" in text
    assert "currentColor" in text


def test_one_seed_has_no_interval_and_a_page_all_the_same(tmp_path: Path) -> None:
    """Infinite ends survive the file."""
    one = comparison([20.0], [25.0])
    results = {name: [with_curves(result(name, 1, 20.0))] for name in ("a", "b")}

    report = replace(example(), comparison=one, results=results, attention=[], by_length=[])
    write_report(tmp_path, report)

    assert load_report(tmp_path).comparison.rows == one.rows
    assert "20.00 (one seed)" in (tmp_path / "README.md").read_text("utf-8")


def test_figures_of_another_version_are_said_to_be(tmp_path: Path) -> None:
    """Without a traceback."""
    (tmp_path / "results.json").write_text('{"experiment": "it"}')

    with pytest.raises(BenchError, match="not a report of this version"):
        load_report(tmp_path)


def test_seconds_that_cannot_be_compared_are_said_to_be(tmp_path: Path) -> None:
    """Seeds of one variant do the same work; where they took unequal times others were at work."""
    report = example()
    even = {name: list(runs) for name, runs in report.results.items()}
    uneven = {**even, "c": [replace(even["c"][0], training_seconds=40.0), *even["c"][1:]]}

    pages = []
    for results in (even, uneven):
        write_report(tmp_path, replace(report, results=results))
        pages.append((tmp_path / "README.md").read_text("utf-8"))

    assert "unequal times" not in pages[0]
    assert "those of c 12 to 40 seconds" in pages[1]


def test_by_which_clock_seconds_are_is_told(tmp_path: Path) -> None:
    """Of the processor, or some of them."""
    report = example()

    pages = []
    for clocks in (["processor"], ["processor", "wall"], ["wall"]):
        told = replace(report.comparison, clocks=clocks)
        write_report(tmp_path, replace(report, comparison=told))
        pages.append((tmp_path / "README.md").read_text("utf-8"))

    assert "Seconds are what a run's thread had of the processor" in pages[0]
    assert "Some runs' seconds are of the processor" in pages[1]
    assert "of the processor" not in pages[2]


def test_the_index_lists_every_report(tmp_path: Path) -> None:
    """By question, with each verdict; made from the reports alone."""
    write_example(tmp_path / "it")
    write_report(tmp_path / "it" / "others", replace(example(), corpus="others"))

    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "results.json").write_text("{}")

    write_index(tmp_path)

    index = (tmp_path / "README.md").read_text("utf-8")
    assert index.count("## Does it?") == 1
    assert "| [pairs, quick](it/README.md) | 1,234 | against a: b " in index
    assert "[others, quick](it/others/README.md)" in index
    assert index.endswith("## Made by an earlier version\n\n- [old](old/README.md)\n")


def test_a_file_that_is_no_index_is_left_as_it_is(tmp_path: Path) -> None:
    """Somebody's own words on his reports."""
    write_example(tmp_path / "it")
    own = tmp_path / "README.md"
    own.write_text("# Reports\n\nOf the year.\n")

    assert not write_index(tmp_path)
    assert own.read_text() == "# Reports\n\nOf the year.\n"
    own.unlink()
    assert write_index(tmp_path)
    assert write_index(tmp_path)


def test_a_comparison_can_be_written_for_other_programs() -> None:
    """JSON and CSV hold the numbers, Markdown the tables."""
    comparison = example().comparison

    lines = render_csv(comparison).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("variant,finished,diverged,bleu,bleu_low,bleu_high")
    assert lines[1].startswith("a,3,0,21.0,")
    assert '"verdict": ' in render_json(comparison)
    assert "| variant | seeds | BLEU | Δ BLEU | verdict |" in render_markdown(comparison)


def test_costs_of_runs_that_all_diverged_are_not_known() -> None:
    """All runs of a variant diverged: its costs are left empty, not nought."""
    nothing = comparison([20.0, 21.0], [None, None])

    line = render_csv(nothing).splitlines()[2].split(",")
    costs = dict(zip(render_csv(nothing).splitlines()[0].split(","), line, strict=True))
    assert costs["variant"] == "b"
    assert costs["parameters"] == "1000"
    for cost in ("training_seconds", "pairs_per_second", "peak_memory_bytes"):
        assert costs[cost] == ""
    assert '"training_seconds": null' in render_json(nothing)


@pytest.mark.filterwarnings("error")
def test_a_report_can_be_about_runs_that_all_diverged(tmp_path: Path) -> None:
    """Its plots name no colour, for want of a line."""
    results = {name: [with_curves(result(name, seed, None)) for seed in (1, 2)] for name in "ab"}
    nothing = comparison([None, None], [None, None])

    write_report(
        tmp_path,
        replace(
            example(), comparison=nothing, results=results, scorecard=[], by_length=[], samples=[],
            attention=[],
        ),
    )  # fmt: skip

    assert "2 of 2 runs of b diverged" in (tmp_path / "README.md").read_text("utf-8")


def test_variants_that_read_the_corpus_otherwise_are_told_beside(tmp_path: Path) -> None:
    """A vocabulary of pieces is another one than that of words."""
    report = replace(
        example(),
        ledger={"corpus": "pairs", "source_vocabulary": 3016},
        other_ledgers={
            "b": {"corpus": "pairs", "source_vocabulary": 4000},
            "c": {"corpus": "pairs", "source_vocabulary": 4000},
        },
    )

    write_report(tmp_path, report)

    page = (tmp_path / "README.md").read_text("utf-8")
    assert "- source_vocabulary: 3016; b, c: 4000\n" in page
    assert "- corpus: pairs\n" in page


def test_sentences_that_no_length_counts_are_owned_up_to(folder: Path, tmp_path: Path) -> None:
    """A class of a few gives no figure; a reader who adds up is told."""
    report = load_report(folder)
    write_report(tmp_path, replace(report, by_length=report.by_length[:1]))

    note = "20 sentences of other lengths are too few for a figure."
    assert note in (tmp_path / "README.md").read_text("utf-8")
    assert "too few for a figure" not in (folder / "README.md").read_text("utf-8")
