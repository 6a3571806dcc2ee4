"""Prepared data on disk: flat arrays, vocabularies and the untouched text. No pickle.

A folder named after the fingerprint holds, per split, the token ids of all sentences end to end
with their offsets, and the text as it was written; beside them two vocabularies and a ledger of
what was kept and what was removed.
"""

import errno
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np

from bench.data.corpus import SPLITS, SentencePair, SplitName
from bench.data.vocabulary import Vocabulary

LEDGER_FILE = "ledger.json"
PIECES_FILE = "pieces.{}.model"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """What preparation kept and removed, for the record of every run."""

    corpus: str
    pairs_read: int
    pairs_with_empty_side: int
    duplicate_pairs: int
    leaked_pairs: int
    too_long_pairs: int
    train_pairs: int
    validation_pairs: int
    test_pairs: int
    source_vocabulary: int
    target_vocabulary: int
    source_limit: int
    """Tokens, the end token counted, at which French sentences are cut."""
    target_limit: int
    """Tokens, the end token counted, at which English training sentences are cut."""
    train_target_tokens: int
    test_source_unknown: float
    """Share of the test split's French tokens that are not in the vocabulary, in [0, 1]."""
    test_target_unknown: float
    """Share of the test split's English tokens that are not in the vocabulary, in [0, 1]."""

    def items(self) -> list[tuple[str, object]]:
        """Return names and values, in order."""
        return list(asdict(self).items())

    def as_text(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)


class FlatSentences:
    """Sentences of token ids, end to end in one array, each closed by the end token."""

    def __init__(self, token_ids: np.ndarray, offsets: np.ndarray) -> None:
        self.token_ids = token_ids
        self.offsets = offsets
        self.lengths = np.diff(offsets)

    @classmethod
    def from_lists(cls, sentences: Sequence[Sequence[int]]) -> "FlatSentences":
        """Lay sentences end to end."""
        lengths = [len(sentence) for sentence in sentences]
        token_ids = [token_id for sentence in sentences for token_id in sentence]
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
        return cls(np.asarray(token_ids, dtype=np.int32), offsets)

    def __len__(self) -> int:
        return len(self.lengths)


class EncodedSplit(NamedTuple):
    """One split as token ids, and as the text it came from."""

    source: FlatSentences
    target: FlatSentences
    pairs: Sequence[SentencePair]

    def __len__(self) -> int:
        return len(self.source)


class StoredPairs(Sequence[SentencePair]):
    """The text of a split, read when first looked at: training never does."""

    def __init__(self, folder: Path, name: SplitName, *, length: int) -> None:
        self._folder, self._name, self._length = folder, name, length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int) -> SentencePair: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[SentencePair]: ...
    def __getitem__(self, place: int | slice) -> SentencePair | Sequence[SentencePair]:
        return self._pairs[place]

    @cached_property
    def _pairs(self) -> list[SentencePair]:
        texts = (_read_lines(self._folder / f"{self._name}.{side}.txt") for side in ("fr", "en"))
        return [SentencePair(*pair) for pair in zip(*texts, strict=True)]


class PreparedCorpus:
    """A folder of prepared data; a split is read only when asked for."""

    def __init__(self, folder: Path, *, with_test: bool = True, corpus: str = "") -> None:
        """Open the folder.

        Args:
            folder: named after its fingerprint.
            with_test: whether there is a way to its test split.
            corpus: what it is called this time; the same text may have another name, too.
        """
        self.folder = folder
        self._splits = SPLITS if with_test else tuple(name for name in SPLITS if name != "test")
        self.fingerprint = folder.name
        ledger = Ledger(**json.loads((folder / LEDGER_FILE).read_text("utf-8")))
        self.ledger = replace(ledger, corpus=corpus or ledger.corpus)
        self.source_vocabulary = Vocabulary(_read_lines(folder / "vocabulary.fr.txt"))
        self.target_vocabulary = Vocabulary(_read_lines(folder / "vocabulary.en.txt"))

    @property
    def source_pieces(self) -> bytes | None:
        """SentencePiece's model of the source language; None where rules cut the text."""
        path = self.folder / PIECES_FILE.format("fr")
        return path.read_bytes() if path.exists() else None

    def load_split(self, name: SplitName) -> EncodedSplit:
        """Open one split; all of it stays on disk and is paged in or read as it is used."""
        assert name in self._splits
        source = _load_sentences(self.folder, name, "fr")
        return EncodedSplit(
            source=source,
            target=_load_sentences(self.folder, name, "en"),
            pairs=StoredPairs(self.folder, name, length=len(source)),
        )


def save_split(folder: Path, name: SplitName, split: EncodedSplit) -> None:
    """Write one split into a folder of prepared data."""
    for side, sentences, column in (("fr", split.source, 0), ("en", split.target, 1)):
        save_array(folder / f"{name}.{side}.token_ids.npy", sentences.token_ids)
        save_array(folder / f"{name}.{side}.offsets.npy", sentences.offsets)
        _write_lines(folder / f"{name}.{side}.txt", [pair[column] for pair in split.pairs])


def save_summary(folder: Path, *, ledger: Ledger, source: Vocabulary, target: Vocabulary) -> None:
    """Write the ledger and both vocabularies into a folder of prepared data."""
    _write_lines(folder / "vocabulary.fr.txt", source.tokens)
    _write_lines(folder / "vocabulary.en.txt", target.tokens)
    (folder / LEDGER_FILE).write_text(ledger.as_text(), "utf-8")


def save_array(path: Path, array: np.ndarray) -> None:
    """Write an array as a file of numpy's.

    Raises:
        OSError: as any other file would; numpy says of a full disk how much it wrote, and no more.
    """
    try:
        np.save(path, array, allow_pickle=False)
    except OSError as error:
        if error.errno is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise


def is_whole(folder: Path) -> bool:
    """Tell whether a folder of prepared data has its ledger, which is written last."""
    try:
        json.loads((folder / LEDGER_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _load_sentences(folder: Path, name: SplitName, side: str) -> FlatSentences:
    arrays = [
        np.load(folder / f"{name}.{side}.{part}.npy", mmap_mode="r", allow_pickle=False)
        for part in ("token_ids", "offsets")
    ]
    return FlatSentences(*arrays)


def _read_lines(path: Path) -> list[str]:
    # Neither splitlines() nor read_text(): a sentence may hold what they take for line ends.
    return path.read_bytes().decode().split("\n")[:-1]


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
