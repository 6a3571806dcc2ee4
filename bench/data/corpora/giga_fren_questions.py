"""The lesson's corpus: the questions among the 22.5 million lines of giga-fren.

WMT publishes giga-fren as `training-giga-fren.tar` (https://www.statmt.org/wmt10/), two aligned
gzip files within it. The lesson keeps a pair when both lines begin with a question, and of both
only that beginning.
"""

import gzip
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from bench.data.corpora.files import read_lines, read_tsv
from bench.data.corpus import Corpus, SentencePair
from bench.data.prepared import cache_folder
from bench.errors import CorpusError

DESCRIPTION = "the lesson's: questions of the 10⁹ French–English corpus (WMT; research use)"
ENGLISH_QUESTION = re.compile(r"^(Wh[^?.!]+\?)")
FRENCH_QUESTION = re.compile(r"^([^?.!]+\?)")
EXPECTED_PAIRS = 52_331
FILES = "giga-fren.release2.fixed.{}.gz"


class Reader:
    """Reads the questions that `import_from` kept."""

    def __init__(self) -> None:
        if not _kept_file().exists():
            raise CorpusError(
                "giga_fren_questions is not on this machine. Unpack training-giga-fren.tar "
                "(https://www.statmt.org/wmt10/) and give its folder once: "
                "python -m bench prepare giga_fren_questions --from FOLDER"
            )

    def fingerprint(self) -> str:
        """Digest the kept questions."""
        return f"giga_fren_questions-{sha256(_kept_file().read_bytes()).hexdigest()}"

    def read(self, *, num_pairs: int) -> Corpus:  # noqa: ARG002 - a corpus of real text is whole
        """Read all questions."""
        return Corpus(train=list(read_tsv(_kept_file())))


def import_from(folder: Path) -> str:
    """Filter the two files of giga-fren in a folder, line by line, and keep the questions.

    Memory stays flat: only the questions are held.

    Raises:
        CorpusError: when a file is missing, broken, or longer than the other.
    """
    paths = [folder / FILES.format(language) for language in ("fr", "en")]
    for path in paths:
        if not path.is_file():
            raise CorpusError("no such file", path=path)
    kept = list(filter_questions(*paths))
    if not kept:
        raise CorpusError("no line passes the lesson's filter", path=folder)
    file = _kept_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(".new")
    with gzip.GzipFile(scratch, "wb", mtime=0) as out:
        for pair in kept:
            out.write(f"{pair.source}\t{pair.target}\n".encode())
    scratch.rename(file)
    note = "" if len(kept) == EXPECTED_PAIRS else f" (the whole corpus has {EXPECTED_PAIRS:,})"
    return f"{len(kept):,} questions kept{note}"


def filter_questions(french: Path, english: Path) -> Iterator[SentencePair]:
    """Yield the beginnings of the lines that are questions on both sides."""
    english_lines = read_lines(english)
    for number, source in read_lines(french):
        found = next(english_lines, None)
        if found is None:
            raise CorpusError("ends before the French file does", path=english, line=number)
        target_match = ENGLISH_QUESTION.match(found[1])
        source_match = FRENCH_QUESTION.match(source)
        if target_match and source_match:
            yield SentencePair(
                source_match[1].replace("\t", " "), target_match[1].replace("\t", " ")
            )
    if next(english_lines, None) is not None:
        raise CorpusError("goes on after the French file has ended", path=english)


def _kept_file() -> Path:
    return cache_folder() / "corpora" / "giga_fren_questions.tsv.gz"
