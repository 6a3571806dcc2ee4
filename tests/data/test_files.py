"""Parallel text on disk: what is read, and how bad input is refused."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.data.corpora.files import MAX_LINE_BYTES
from bench.data.corpus import SentencePair, load_reader
from bench.errors import BenchError, CorpusError

PAIRS = [SentencePair("Où es-tu ?", "Where are you?"), SentencePair("Qui vient ?", "Who comes?")]
TSV = "".join(f"{pair.source}\t{pair.target}\n" for pair in PAIRS).encode()


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("pairs.tsv", bytes),
        ("pairs.tsv.gz", gzip.compress),
        ("pairs.tsv.xz", lzma.compress),
        ("pairs.tsv.bz2", bz2.compress),
    ],
)
def test_a_tsv_is_read_plain_or_compressed(
    tmp_path: Path, name: str, compress: Callable[[bytes], bytes]
) -> None:
    """The same pairs come out of a plain file and of its compressed copies."""
    (tmp_path / name).write_bytes(compress(TSV))

    corpus = load_reader(str(tmp_path / name)).read(num_pairs=0)

    assert corpus.train == PAIRS
    assert not corpus.is_split


def test_a_folder_with_three_splits_keeps_them(tmp_path: Path) -> None:
    """`val` is understood as validation; further columns are ignored."""
    for split in ("train", "val", "test2016"):
        (tmp_path / f"{split}.tsv").write_text(f"Qui, {split} ?\tWho, {split}?\tsource\n")

    corpus = load_reader(str(tmp_path)).read(num_pairs=0)

    assert corpus.train == [SentencePair("Qui, train ?", "Who, train?")]
    assert corpus.validation == [SentencePair("Qui, val ?", "Who, val?")]
    assert corpus.test == [SentencePair("Qui, test2016 ?", "Who, test2016?")]


def test_two_aligned_files_are_joined_line_by_line(tmp_path: Path) -> None:
    """Two paths with a comma, or a folder of one .fr and one .en file, say the same."""
    (tmp_path / "a.fr").write_text("".join(f"{pair.source}\n" for pair in PAIRS))
    (tmp_path / "a.en").write_text("".join(f"{pair.target}\n" for pair in PAIRS))

    with pytest.raises(CorpusError, match=r"the French file stands first: \S*a\.fr,"):
        load_reader(f"{tmp_path / 'a.en'},{tmp_path / 'a.fr'}")
    by_comma = load_reader(f"{tmp_path / 'a.fr'},{tmp_path / 'a.en'}").read(num_pairs=0)
    by_folder = load_reader(str(tmp_path)).read(num_pairs=0)

    assert by_comma.train == by_folder.train == PAIRS


def test_an_empty_side_is_dropped_and_counted(tmp_path: Path) -> None:
    """A pair that says nothing on one side teaches nothing."""
    (tmp_path / "a.tsv").write_bytes(TSV + b"Seul ?\t \n\tAlone?\n\n")

    corpus = load_reader(str(tmp_path / "a.tsv")).read(num_pairs=0)

    assert corpus.train == PAIRS
    assert corpus.dropped == 2


def test_windows_line_ends_and_byte_order_mark_vanish(tmp_path: Path) -> None:
    """Neither belongs to the text."""
    (tmp_path / "a.tsv").write_bytes(b"\xef\xbb\xbf" + TSV.replace(b"\n", b"\r\n"))

    assert load_reader(str(tmp_path / "a.tsv")).read(num_pairs=0).train == PAIRS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TSV + b"no tab here\n", "line 3: no tab between French and English"),
        (TSV + b"caf\xe9\tcoffee\n", "line 3: not UTF-8 (byte 0xe9 at position 4)"),
        ("Qui ?\tWho?\n".encode("utf-16"), "is UTF-16; save it as UTF-8"),
        (TSV + b"a\0b\tc\n", "line 3: holds a NUL byte: not a text file"),
        (TSV + b"x" * 100_000 + b"\ty\n", f"line 3: longer than {MAX_LINE_BYTES:,} bytes"),
        (b"French\tEnglish\n" + TSV, "line 1: 'French' and 'English' name columns"),
        (b"\xef\xbb\xbfsource\ttarget\tnote\n" + TSV, "line 1: 'source' and 'target' name"),
        (b"", "holds no sentence pair"),
        (b"\t\n", "holds no sentence pair"),
    ],
)
def test_bad_input_is_refused_with_file_and_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    """The message says which file, which line, and what is wrong there."""
    path = tmp_path / "bad.tsv"
    path.write_bytes(content)

    with pytest.raises(CorpusError) as caught:
        load_reader(str(path)).read(num_pairs=0)

    assert str(path) in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(("shorter", "longer"), [("fr", "en"), ("en", "fr")])
def test_files_of_different_length_are_refused(tmp_path: Path, shorter: str, longer: str) -> None:
    """The first line without a partner is named."""
    (tmp_path / f"a.{shorter}").write_text("un\n")
    (tmp_path / f"a.{longer}").write_text("one\ntwo\n")

    with pytest.raises(CorpusError, match=rf"a\.{longer}, line 2: .*a\.{shorter} ends before"):
        load_reader(str(tmp_path)).read(num_pairs=0)


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    """A download that stopped half-way does not pass for a small corpus."""
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(TSV * 1000)[:-20])

    with pytest.raises(CorpusError, match="broken compressed file after line"):
        load_reader(str(path)).read(num_pairs=0)


def test_an_unknown_corpus_is_refused_with_the_nearest_name() -> None:
    """A slip in a name is shown the name that was meant."""
    with pytest.raises(BenchError, match="Did you mean 'synthetic_questions'"):
        load_reader("synthetic_question")
