"""The lesson's corpus: the questions among the 22.5 million lines of giga-fren.

WMT publishes giga-fren as `training-giga-fren.tar` (https://www.statmt.org/wmt10/), two aligned
gzip files within it. The lesson keeps a pair when both lines begin with a question, and of both
only that beginning. The archive is read through, never unpacked.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import zip_longest
from pathlib import Path
from typing import IO

from bench.cache import cache_folder
from bench.data.archives import gzip_lines, open_member
from bench.data.corpus import Corpus, SentencePair
from bench.data.download import discarded_if_useless
from bench.data.download import fetch as fetch_file
from bench.data.kept import KeptCorpus
from bench.errors import CorpusError

DESCRIPTION = "the lesson's: questions of the 10⁹ French–English corpus (WMT; research use)"
ADDRESSES = (
    "https://www.statmt.org/wmt10/training-giga-fren.tar",
    "https://s3.amazonaws.com/fast-ai-nlp/giga-fren.tgz",
)
ENGLISH_BEGINNING = b"Wh"
ENGLISH_QUESTION = re.compile(r"^(Wh[^?.!]+\?)")
FRENCH_QUESTION = re.compile(r"^([^?.!]+\?)")
EXPECTED_PAIRS = 52_331
FILE = "giga-fren.release2.fixed.{}"
LINES_BETWEEN_NEWS = 200_000

KEPT = KeptCorpus("giga_fren_questions", size="2.6 GB")
Reader = KEPT.open
Say = Callable[[str], None]


def fetch(say: Say) -> str:
    """Fetch the archive, keep its questions, and say what was kept."""
    archive = cache_folder() / "downloads" / "giga-fren.tar"  # compressed or not, as tar finds out

    def progress(done: int, total: int) -> None:
        say(f"fetching giga-fren: {done / 1e9:.2f} of {total / 1e9:.2f} GB")

    fetch_file(ADDRESSES, archive, progress=progress)
    with discarded_if_useless(archive):
        return import_from(archive, say)


def import_from(origin: Path, say: Say = lambda _: None) -> str:
    """Filter giga-fren, a folder with its two files or an archive, and keep the questions.

    Memory stays flat: only the questions are held.

    Raises:
        CorpusError: when a file is missing, broken, or longer than the other.
    """
    with _open(origin, "fr") as french, _open(origin, "en") as english:
        try:
            kept = list(filter_questions(gzip_lines(french), gzip_lines(english), say))
        except EOFError as error:
            raise CorpusError(str(error), path=origin) from error
    if not kept:
        raise CorpusError("no line passes the lesson's filter", path=origin)
    KEPT.keep(Corpus(train=kept), origin=origin.name)
    note = "" if len(kept) == EXPECTED_PAIRS else f" (the whole corpus has {EXPECTED_PAIRS:,})"
    return f"{len(kept):,} questions kept{note}"


def filter_questions(
    french: Iterable[bytes], english: Iterable[bytes], say: Say = lambda _: None
) -> Iterator[SentencePair]:
    """Yield the beginnings of the lines that are questions on both sides."""
    for number, (source, target) in enumerate(zip_longest(french, english), start=1):
        if source is None or target is None:
            shorter = "French" if source is None else "English"
            raise CorpusError(f"the {shorter} file ends before line {number:,}, the other goes on")
        if number % LINES_BETWEEN_NEWS == 0:
            say(f"filtering giga-fren: {number / 1e6:.1f} million lines")
        if not target.startswith(ENGLISH_BEGINNING):
            continue  # most lines end here, undecoded
        found = ENGLISH_QUESTION.match(_text(target, number))
        asked = FRENCH_QUESTION.match(_text(source, number)) if found else None
        if found and asked:
            yield SentencePair(asked[1], found[1])


def _text(line: bytes, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise CorpusError(f"line {number:,} of giga-fren is not UTF-8 ({error.reason})") from error


def _open(origin: Path, language: str) -> AbstractContextManager[IO[bytes]]:
    names = [f"{FILE.format(language)}.gz", FILE.format(language)]
    if not origin.is_dir():
        return open_member(origin, names)
    for name in names:
        if (origin / name).is_file():
            return (origin / name).open("rb")
    raise CorpusError("no such file", path=origin / names[0])
