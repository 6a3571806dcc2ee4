"""What a corpus is: aligned French and English sentences, in three splits or in one."""

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Literal, NamedTuple, Protocol

from bench.data import corpora
from bench.errors import CorpusError, UnknownNameError

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


class SentencePair(NamedTuple):
    """A French sentence and its English translation, as written."""

    source: str
    target: str


class Corpus(NamedTuple):
    """All pairs of a corpus.

    Without validation and test the training pairs are split by `bench.data.splitting`.
    """

    train: Sequence[SentencePair]
    validation: Sequence[SentencePair] = ()
    test: Sequence[SentencePair] = ()
    dropped: int = 0
    """Pairs left out while reading because one side was empty."""

    @property
    def is_split(self) -> bool:
        """Whether the corpus brings its own three splits."""
        return bool(self.validation) and bool(self.test)


class CorpusReader(Protocol):
    """What every module in `bench/data/corpora/` offers as `Reader`, beside its `DESCRIPTION`.

    One of published text also has `KEPT`, which says whether it is here, `fetch` to get it from the
    network and `import_from` to take it from files at hand.
    """

    def fingerprint(self) -> str:
        """Return a digest that changes whenever the text would."""

    def read(self, *, num_pairs: int) -> Corpus:
        """Return the pairs; a generated corpus draws `num_pairs` of them (0: its own default)."""


def corpus_names() -> list[str]:
    """List the corpora that can be asked for by name."""
    return sorted(
        module.name
        for module in iter_modules(corpora.__path__)
        if module.name not in {"files"} and not module.name.startswith("_")
    )


def shown_name(corpus: str) -> str:
    """Name a corpus without saying where somebody keeps it: of each path only the last part.

    Files that are called like a known corpus are not taken for it.
    """
    if corpus in corpus_names():
        return corpus
    shown = ",".join(map(_last_part, corpus.split(",")))
    return f"{shown}-files" if shown in corpus_names() else shown


def _last_part(path: str) -> str:
    """Return a file's name as text, of the current folder too; "" of nothing."""
    name = Path(path).name if Path(path).name not in {"", ".."} else Path(path).resolve().name
    return os.fsencode(name if path else "").decode("utf-8", "replace")


def is_generated(name: str) -> bool:
    """Tell whether a corpus is our own, so that its sentences may be shown to anybody."""
    return name in corpus_names() and not hasattr(_module(name, where="corpus"), "KEPT")


def describe(name: str) -> str:
    """Say in a line what a corpus is."""
    description: str = import_module(f"bench.data.corpora.{name}").DESCRIPTION
    return description


def import_corpus(name: str, origin: Path, say: Callable[[str], None]) -> str:
    """Take a corpus over from files at hand, and say what was kept.

    Args:
        name: of the corpus.
        origin: a folder or an archive.
        say: told how far it is.

    Raises:
        BenchError: when there is no such corpus, or it needs no files.
    """
    module = _module(name, where="--from")
    if not hasattr(module, "import_from"):
        raise CorpusError(f"{name} is generated and takes no files")
    said: str = module.import_from(origin, say)
    return said


def fetch_corpus(name: str, say: Callable[[str], None]) -> str:
    """Fetch a published corpus that is not here, and say what was kept; "" if nothing was to do.

    Raises:
        BenchError: when it cannot be fetched.
    """
    if name not in corpus_names():
        return ""
    module = _module(name, where="prepare")
    if not hasattr(module, "fetch") or module.KEPT.exists:
        return ""
    said: str = module.fetch(say)
    return said


def _module(name: str, *, where: str) -> ModuleType:
    if name not in corpus_names():
        raise UnknownNameError("corpus", name, corpus_names(), where=where)
    return import_module(f"bench.data.corpora.{name}")


def load_reader(name: str) -> CorpusReader:
    """Find the reader of a corpus by its name, or make one for the files at a path.

    Raises:
        CorpusError: when it is a path at which there is nothing.
        UnknownNameError: when it is no path, nor a known name.
    """
    if name in corpus_names():
        build: Callable[[], CorpusReader] = import_module(f"bench.data.corpora.{name}").Reader
        return build()
    if Path(name).exists() or "," in name:
        from bench.data.corpora.files import FilesReader

        return FilesReader(name)
    if "/" in name or Path(name).suffix:
        raise CorpusError("no such file or folder", path=Path(name))
    raise UnknownNameError(
        "corpus", name, corpus_names(), where="corpus (neither a name nor a file or folder here)"
    )
