"""The page of a report as a reader sees it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.browser import open_browser, requests_made, show
from tests.report.examples import example_search, write_example


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with open_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


# Two of scores, four curves, two of cost, lengths, two of attention.
NUM_FIGURES = 11
# The best of n, the front, the course, a slice per setting, two of parallel lines, importances.
NUM_FIGURES_OF_A_SEARCH = NUM_FIGURES + 9


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_example(tmp_path_factory.mktemp("report")) / "index.html"


@pytest.fixture(scope="module")
def search_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    search = example_search(objectives=("bleu", "seconds"))
    return write_example(tmp_path_factory.mktemp("search"), search=search) / "index.html"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_whole_on_any_screen(
    browser: Any, page: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    """No complaint, nothing fetched, nothing wider than the screen, every figure to be seen."""
    check_whole(browser, page, width=width, scheme=scheme, num_figures=NUM_FIGURES)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_search_s_page_is_whole_on_any_screen(
    browser: Any, search_page: Path, width: int
) -> None:
    """With a front, and every plot of the search."""
    check_whole(
        browser, search_page, width=width, scheme="dark", num_figures=NUM_FIGURES_OF_A_SEARCH
    )


def check_whole(
    browser: Any, page: Path, *, width: int, scheme: Literal["light", "dark"], num_figures: int
) -> None:
    show(browser, width=width, scheme=scheme)
    requests_made(browser)  # the browser's own first page

    browser.get(page.as_uri())

    assert browser.get_log("browser") == []
    fetched = requests_made(browser)
    assert page.as_uri() in fetched
    assert all(url == page.as_uri() or url.startswith("data:") for url in fetched)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    figures = browser.find_elements("css selector", "figure svg")
    assert len(figures) == num_figures
    for figure in figures:
        assert figure.is_displayed()
        assert figure.size["width"] > min(250, width / 2)
        assert figure.size["height"] > 60


def test_letters_and_paper_follow_the_reader_s_choice(browser: Any, page: Path) -> None:
    """Light letters on a dark page, dark ones on a light page; in the figures too."""
    brightness = {}
    for scheme in ("light", "dark"):
        show(browser, width=1280, scheme=scheme)
        browser.get(page.as_uri())
        for name, selector, style in (
            ("paper", "body", "backgroundColor"),
            ("letters", "p.subtitle", "color"),
            ("figure", "figure svg text", "fill"),
        ):
            colour = browser.execute_script(
                f"return getComputedStyle(document.querySelector({selector!r})).{style}"
            )
            numbers = colour[colour.index("(") + 1 : -1].split(",")[:3]
            brightness[scheme, name] = sum(map(float, numbers)) / 3

    assert brightness["light", "paper"] > 240
    assert brightness["dark", "paper"] < 40
    for name in ("letters", "figure"):
        assert brightness["light", "paper"] - brightness["light", name] > 100
        assert brightness["dark", name] - brightness["dark", "paper"] > 100
