"""Everyday questions from Tatoeba, with several translations each (https://tatoeba.org).

manythings.org publishes the French–English pairs as `fra-eng.zip`, CC BY 2.0 FR; those whose both
sides are one question are kept, and split by the suite.
"""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.cache import cache_folder
from bench.data.archives import gzip_lines, open_member
from bench.data.corpora.files import FilesReader
from bench.data.corpus import Corpus, SentencePair
from bench.data.download import discarded_if_useless
from bench.data.download import fetch as fetch_file
from bench.data.kept import KeptCorpus
from bench.errors import CorpusError

DESCRIPTION = "everyday questions from Tatoeba (CC BY 2.0 FR)"
ADDRESS = "https://www.manythings.org/anki/fra-eng.zip"
MEMBER = "fra.txt"

KEPT = KeptCorpus("tatoeba_questions", size="8 MB")
Reader = KEPT.open
Say = Callable[[str], None]


def fetch(say: Say) -> str:
    """Fetch the archive, keep its questions, and say what was kept."""
    say("fetching fra-eng.zip")
    archive = fetch_file([ADDRESS], cache_folder() / "downloads" / "fra-eng.zip")
    with discarded_if_useless(archive):
        return import_from(archive)


def import_from(origin: Path, say: Say = lambda _: None) -> str:
    """Take over TSVs, or the questions of `fra-eng.zip` or `fra.txt`, and say what was kept.

    Raises:
        CorpusError: when it is neither, or holds no question.
    """
    say(f"reading {origin.name}")
    if origin.is_file() and (origin.name == MEMBER or zipfile.is_zipfile(origin)):
        opened = origin.open("rb") if origin.name == MEMBER else open_member(origin, [MEMBER])
        with opened as file:
            pairs = dict.fromkeys(_questions(gzip_lines(file), origin))
        corpus = Corpus(train=list(pairs))
    else:
        corpus = FilesReader(str(origin)).read(num_pairs=0)
    if not corpus.train:
        raise CorpusError("no question in it", path=origin)
    KEPT.keep(corpus, origin=origin.name)
    return f"{sum(len(split) for split in corpus[:3]):,} questions kept"


def _questions(lines: Iterator[bytes], origin: Path) -> Iterator[SentencePair]:
    """Yield the pairs whose both sides are one question; a line is English, tab, French, tab, …."""
    for number, line in enumerate(lines, start=1):
        try:
            english, _, rest = line.decode().rstrip("\r").partition("\t")
        except UnicodeDecodeError as error:
            raise CorpusError("not UTF-8", path=origin, line=number) from error
        french = rest.partition("\t")[0].strip()
        if all(text.endswith("?") and text.count("?") == 1 for text in (english, french)):
            yield SentencePair(french, english)
