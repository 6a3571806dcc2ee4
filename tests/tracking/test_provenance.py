"""Where a run comes from, told to anybody who reads its report."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from bench.session.gathering import _without_folders
from bench.tracking import provenance as module
from bench.tracking.provenance import command_line, provenance


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "it", "--seeds", "5"], "python -m bench run it --seeds 5"),
        (
            ["run", "it", "--tracking-uri", "http://me:secret@host:5000"],
            "python -m bench run it --tracking-uri 'http://***@host:5000'",
        ),
        (
            ["run", "it", "--tracking-uri=http://me:secret@host:5000"],
            "python -m bench run it '--tracking-uri=http://***@host:5000'",
        ),
        (
            ["run", "it", "--tracking-uri=postgresql://me:secret@host/runs?sslmode=require"],
            "python -m bench run it '--tracking-uri=postgresql://me:***@host/runs?sslmode=require'",
        ),
        (["run", "it", "--force"], "python -m bench run it --force"),
    ],
)
def test_a_command_is_kept_without_its_password(
    monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    """As it would be typed, whichever way the option was given."""
    monkeypatch.setattr(sys, "argv", ["bench", *words])

    assert command_line() == told


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("/home/ann/pairs.tsv", "pairs.tsv"),
        ("--corpus=/home/ann/pairs.tsv", "--corpus=pairs.tsv"),
        ("/home/ann/fr.txt,/home/ann/en.txt", "fr.txt,en.txt"),
        ("model.hidden_size=64", "model.hidden_size=64"),
        ("http://host:5000/path", "http://host:5000/path"),
        ("--tracking-uri=sqlite:////home/ann/runs.db", "--tracking-uri=sqlite:///runs.db"),
    ],
)
def test_a_report_does_not_tell_where_files_lie(word: str, told: str) -> None:
    """Of a path the last part."""
    assert _without_folders(word) == told


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the suite lie in a clone of one commit."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "reports").mkdir()
    for name in ("bench/model.py", "reports/page.md", "pyproject.toml"):
        (tmp_path / name).write_text("as committed")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Ann", "-c", "user.email=ann@localhost"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "All there is"]):
        subprocess.run([*git, *command], check=True)
    monkeypatch.setattr(module, "SOURCE_FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "is_dirty"),
    [
        (None, "false"),
        ("bench/model.py", "true"),
        ("bench/new.py", "true"),
        ("pyproject.toml", "true"),
        ("experiments/mine.toml", "true"),
        ("reports/page.md", "false"),
    ],
)
def test_a_run_names_its_commit_and_what_is_not_in_it(
    clone: Path, changed: str | None, is_dirty: str
) -> None:
    """Of the files that can change a score; those that git does not know yet, too."""
    if changed:
        (clone / changed).parent.mkdir(exist_ok=True)
        (clone / changed).write_text("changed")
    head = subprocess.run(
        ["git", "-C", str(clone), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )

    found = provenance()

    assert found["git.commit"] == head.stdout.strip()
    assert found["git.dirty"] == is_dirty


def test_an_installed_suite_says_that_no_commit_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor takes that of a folder around it."""
    monkeypatch.setattr(module, "SOURCE_FOLDER", tmp_path)

    found = provenance()

    assert found["git.commit"] == "unknown (not run from a clone)"
    assert "git.dirty" not in found


def test_a_run_names_the_versions_of_what_cuts_and_scores_its_text() -> None:
    """Another release may give other pieces, vectors and points."""
    found = provenance()

    for package in ("torch", "spacy", "sentencepiece", "fasttext-wheel", "sacrebleu"):
        assert found[f"version.{package}"] == version(package)
