"""The page of a search: what it found, and what that is worth."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.comparison.best_of import compare_best_of
from bench.report.index import render_index
from bench.report.pages import write_report
from bench.report.record import load_report
from bench.report.search_sections import describe_budget
from bench.search.record import SearchRecord, TrialRecord
from tests.report.examples import example_search, write_example


def test_what_was_found_stands_between_the_answer_and_the_curves(tmp_path: Path) -> None:
    """Finalists with their gap, the budget's worth, the course; the importances with a caution."""
    page = (write_example(tmp_path, search=example_search()) / "README.md").read_text("utf-8")

    headings = ["## Scores", "## What the search found", "## What a budget of n trials is worth",
                "## The course of the search", "## Learning curves"]  # fmt: skip
    places = [page.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "each tuned by 9 trials" in page
    assert "| a | #4 | 24.00 | 22.50 ± 0.71 | +1.50 | 0.00506 | 1 | 0.444 |" in page
    assert "| b | **#3** | 29.00 | 29.00 ± 0.71 | +0.00 | 0.00337 | 2 | 0.333 |" in page
    assert "trained again with seeds 2 to 4" in page
    assert (
        "Of n trials each, n from 1 to 2, which is as far as these can tell, the best is b's"
        in page
    )
    assert "at n = 2 b has +6.00 [+6.00, +6.00] against a, by trials of one seed each." in page
    assert "for the trials and for fresh seeds: a 9.6 and 2.5; b 10.5 and 2.5." in page
    assert "a hint where to look, never a finding" in page
    assert "Pareto" not in page


def test_a_search_that_did_not_note_its_time_claims_none(tmp_path: Path) -> None:
    """As those of before it was kept: a part that is not known is not left out of a sum."""
    search = example_search()
    first, *others = search.finalists["a"]
    unknown = {"a": [replace(first, seconds=None), *others], "b": search.finalists["b"]}

    page = write_example(tmp_path, search=replace(search, finalists=unknown)) / "README.md"

    assert "Minutes of one process" not in page.read_text("utf-8")


def test_the_figures_of_a_search_are_read_back(tmp_path: Path) -> None:
    """From results.json alone the same pages come again, to the letter."""
    folder = write_example(tmp_path / "first", search=example_search())

    write_report(tmp_path / "again", load_report(folder))

    for path in folder.rglob("*.*"):
        again = tmp_path / "again" / path.relative_to(folder)
        assert again.read_bytes() == path.read_bytes(), path.name


def test_several_objectives_have_a_front(tmp_path: Path) -> None:
    """As a table and a figure."""
    search = example_search(objectives=("bleu", "seconds"))
    folder = write_example(tmp_path, search=search)

    page = (folder / "README.md").read_text("utf-8")
    assert "## Pareto front" in page
    assert "| b | #4 | 30.00 | 14.0 | 0.00506 | 1 | 0.444 |" in page
    assert (folder / "figures" / "front.svg").exists()


def test_settings_stand_under_their_names_in_whatever_order_the_file_has_them(
    tmp_path: Path,
) -> None:
    """That of the space, not the one in which trials were asked."""
    search = example_search(objectives=("bleu", "seconds"))
    turned = dict(reversed(list(search.config.space.items())))
    search = replace(search, config=replace(search.config, space=turned))

    page = (write_example(tmp_path, search=search) / "README.md").read_text("utf-8")

    assert "gap | dropout_scale | num_layers | learning_rate |" in page
    assert "| a | #4 | 24.00 | 22.50 ± 0.71 | +1.50 | 0.444 | 1 | 0.00506 |" in page
    assert "| b | #4 | 30.00 | 14.0 | 0.444 | 1 | 0.00506 |" in page


def test_a_sampler_that_learns_from_scores_has_no_curve(tmp_path: Path) -> None:
    """Its trials are not draws of one kind."""
    folder = write_example(tmp_path, search=example_search(sampler="tpe"))

    page = (folder / "README.md").read_text("utf-8")
    assert "drawn from random and quasi-random studies alone" in page
    assert not (folder / "figures" / "best_of.svg").exists()


def test_nothing_is_drawn_of_trials_that_were_pruned_unlike_or_unfinished() -> None:
    """What the best of n trials is worth is told of fair draws alone."""
    whole = example_search()
    trials = whole.studies["b"].trials

    def with_first(trial: TrialRecord) -> SearchRecord:
        study = replace(whole.studies["b"], trials=[trial, *trials[1:]])
        return replace(whole, studies={**whole.studies, "b": study})

    other = {**trials[0].settings, "model.num_layers": 9}
    assert whole.is_for_best_of
    assert not replace(whole, config=replace(whole.config, pruner="median")).is_for_best_of
    assert not with_first(replace(trials[0], state="pruned")).is_for_best_of
    assert not with_first(replace(trials[0], settings=other)).is_for_best_of


def test_the_index_tells_tuned_from_untuned(tmp_path: Path) -> None:
    """Both stand under their question."""
    write_example(tmp_path / "it")
    write_example(tmp_path / "it" / "search" / "pairs", search=example_search())

    index = render_index(tmp_path)

    assert "[pairs, quick](it/README.md)" in index
    assert "[pairs, quick, tuned](it/search/pairs/README.md)" in index


@pytest.mark.parametrize("metric", ["bleu", "loss"])
def test_who_leads_is_he_who_is_better(metric: str) -> None:
    """A lower loss leads, and a higher BLEU."""
    low, high = [1.0, 1.1, 1.2, 1.0] * 3, [2.0, 2.1, 2.2, 2.0] * 3
    best_of = compare_best_of({"a": low, "b": high}, higher_is_better=metric == "bleu")

    (said,) = describe_budget(best_of, metric=metric)

    assert f"the best is {'b' if metric == 'bleu' else 'a'}'s: at n = 3 b has " in said
