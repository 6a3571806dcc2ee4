"""Where a run comes from, told to anybody who reads its report."""

import sys

import pytest

from bench.cli.gathering import _without_folders
from bench.tracking.provenance import command_line


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
