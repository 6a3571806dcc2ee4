"""Multi30k: image captions, the standard small benchmark (https://aclanthology.org/W16-3210).

French is that of the WMT17 multimodal task, the test split that of 2016; research use.
"""

from collections.abc import Callable
from pathlib import Path

from bench.cache import cache_folder
from bench.data.archives import GZIP_MAGIC, gzip_lines
from bench.data.corpora.files import FilesReader
from bench.data.corpus import Corpus, SentencePair
from bench.data.download import discarded_if_useless
from bench.data.download import fetch as fetch_file
from bench.data.kept import KeptCorpus
from bench.errors import CorpusError

DESCRIPTION = "image captions, WMT16–18 (research use)"
HOST = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"
FILES = ("train", "val", "test_2016_flickr")
LANGUAGES = ("fr", "en")

KEPT = KeptCorpus("multi30k", size="3 MB")
Reader = KEPT.open
Say = Callable[[str], None]


def fetch(say: Say) -> str:
    """Fetch six files, and say what was kept."""
    folder = cache_folder() / "downloads" / "multi30k"
    files = [folder / f"{name}.{language}.gz" for name in FILES for language in LANGUAGES]
    for file in files:
        say(f"fetching {file.name}")
        fetch_file([f"{HOST}/{file.name}"], file)
    with discarded_if_useless(*files):
        return import_from(folder)


def import_from(origin: Path, say: Say = lambda _: None) -> str:
    """Take over the six published files in a folder, or a folder of three TSVs.

    Raises:
        CorpusError: when the folder holds neither.
    """
    say(f"reading {origin.name}")
    published = origin / f"{FILES[0]}.fr.gz"
    if published.is_file():
        splits = [_read(origin, name) for name in FILES]
        train, validation, test = ([pair for pair in split if all(pair)] for split in splits)
        kept = len(train) + len(validation) + len(test)
        corpus = Corpus(train, validation, test, dropped=sum(map(len, splits)) - kept)
    else:
        corpus = FilesReader(str(origin)).read(num_pairs=0)
    if not corpus.is_split:
        raise CorpusError("wanted train, validation and test", path=origin)
    KEPT.keep(corpus, origin=origin.name)
    return f"{sum(len(split) for split in corpus[:3]):,} captions kept"


def _read(folder: Path, name: str) -> list[SentencePair]:
    paths = [folder / f"{name}.{language}.gz" for language in LANGUAGES]
    for path in paths:
        if not path.is_file():
            raise CorpusError("no such file", path=path)
    sides = [_lines(path) for path in paths]
    if len(sides[0]) != len(sides[1]):
        raise CorpusError(f"{len(sides[0])} lines, but {len(sides[1])} in English", path=paths[0])
    return [SentencePair(*pair) for pair in zip(*sides, strict=True)]


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            if file.read(len(GZIP_MAGIC)) != GZIP_MAGIC:
                raise CorpusError("cannot be read (not a gzip file)", path=path)
            file.seek(0)
            return [line.decode().strip() for line in gzip_lines(file)]
    except (EOFError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot be read ({error})", path=path) from error
