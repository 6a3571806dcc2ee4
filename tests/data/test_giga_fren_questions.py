"""The lesson's filter on the lesson's corpus."""

import gzip
from pathlib import Path

import pytest

from bench.data.corpora.giga_fren_questions import Reader, import_from
from bench.data.corpus import SentencePair
from bench.errors import CorpusError

LINES = [
    ("Qu’est-ce que la lumière? Suite.", "What is light? More of it."),
    ("Il pleut.", "What? No."),
    ("Où allons-nous?", "Where are we going?"),
    ("Pourquoi pas?", "why not?"),
    ("Qui a dit non. Vous?", "Who said no. You?"),
]


def write(folder: Path) -> Path:
    for language, column in (("fr", 0), ("en", 1)):
        text = "".join(f"{line[column]}\n" for line in LINES).encode()
        (folder / f"giga-fren.release2.fixed.{language}.gz").write_bytes(gzip.compress(text))
    return folder


def test_only_lines_that_begin_with_a_question_on_both_sides_are_kept(tmp_path: Path) -> None:
    """And of them only that beginning; the count is compared with the lesson's."""
    said = import_from(write(tmp_path))

    assert said == "2 questions kept (the whole corpus has 52,331)"
    assert Reader().read(num_pairs=0).train == [
        SentencePair("Qu’est-ce que la lumière?", "What is light?"),
        SentencePair("Où allons-nous?", "Where are we going?"),
    ]


def test_a_corpus_that_is_not_here_says_how_to_get_it() -> None:
    """Before anything is trained."""
    with pytest.raises(CorpusError, match="prepare giga_fren_questions --from FOLDER"):
        Reader()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The folder may be the wrong one."""
    with pytest.raises(CorpusError, match=r"giga-fren\.release2\.fixed\.fr\.gz: no such file"):
        import_from(tmp_path)
