"""Corpora that were fetched or taken over: kept as compressed TSVs outside the repository."""

import gzip
import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock

from bench.cache import cache_folder
from bench.data.corpora.files import is_readable, read_tsv
from bench.data.corpus import SPLITS, Corpus
from bench.errors import CorpusError


class KeptCorpus:
    """One corpus of real text, as this machine has it."""

    def __init__(self, name: str, *, size: str) -> None:
        """Speak of a corpus, whether it is here or not.

        Args:
            name: on the command line.
            size: how much is fetched, to a person: "2.6 GB".
        """
        self._name = name
        self._size = size

    @property
    def _folder(self) -> Path:
        return cache_folder() / "corpora" / self._name

    @property
    def exists(self) -> bool:
        """Whether it is here."""
        return (self._folder / "origin.json").exists()

    def open(self) -> "KeptCorpus":
        """Return it as a reader.

        Raises:
            CorpusError: when it is not here, saying how to get it.
        """
        if not self.exists:
            raise CorpusError(
                f"{self._name} is not on this machine: python -m bench prepare {self._name} "
                f"fetches it ({self._size}); with --from FOLDER_OR_ARCHIVE it is taken from "
                "files at hand"
            )
        return self

    def fingerprint(self) -> str:
        """Digest all its pairs."""
        digest = sha256()
        with self._alone():
            for path in self._paths():
                digest.update(gzip.decompress(path.read_bytes()) + b"\0")
        return f"{self._name}-{digest.hexdigest()}"

    def read(self, *, num_pairs: int) -> Corpus:  # noqa: ARG002 - a corpus of real text is whole
        """Read all pairs; those of an unsplit corpus are all in `train`."""
        with self._alone():
            origin = json.loads((self._folder / "origin.json").read_text("utf-8"))
            train, *held_out = [list(read_tsv(path)) for path in self._paths()]
        validation, test = held_out or ([], [])
        return Corpus(train, validation, test, dropped=origin["dropped"])

    def keep(self, corpus: Corpus, *, origin: str) -> None:
        """Take over a corpus, in place of an earlier version.

        Args:
            corpus: its pairs; those that could not be read again are dropped and counted.
            origin: where it comes from, for the record.
        """
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(mkdtemp(prefix=".keeping-", dir=self._folder.parent))
        dropped = corpus.dropped
        try:
            for name, pairs in zip(SPLITS, corpus[:3], strict=True):
                lines = [f"{_flat(source)}\t{_flat(target)}\n".encode() for source, target in pairs]
                kept = [line for line in lines if is_readable(line)]
                dropped += len(lines) - len(kept)
                if kept:
                    with gzip.GzipFile(scratch / f"{name}.tsv.gz", "wb", mtime=0) as file:
                        file.writelines(kept)
            note = {"origin": origin, "dropped": dropped}
            (scratch / "origin.json").write_text(json.dumps(note), "utf-8")
            with self._alone():
                self._put_in_place(scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _put_in_place(self, scratch: Path) -> None:
        earlier = scratch.with_suffix(".earlier")
        if self._folder.exists():
            self._folder.rename(earlier)
        try:
            scratch.rename(self._folder)
        except BaseException:
            if earlier.exists():
                earlier.rename(self._folder)
            raise
        shutil.rmtree(earlier, ignore_errors=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Within, nobody else puts it in place, and what cannot be read is said to be damaged."""
        try:
            with FileLock(self._folder.with_suffix(".lock")):
                yield
        except (EOFError, gzip.BadGzipFile, zlib.error, ValueError, KeyError) as error:
            raise CorpusError(
                f"{self._name} is damaged on this machine ({error}); remove {self._folder} and "
                f"prepare it again"
            ) from error

    def _paths(self) -> list[Path]:
        paths = [self._folder / f"{name}.tsv.gz" for name in SPLITS]
        return [path for path in paths if path.exists()]


def _flat(text: str) -> str:
    return text.replace("\t", " ")
