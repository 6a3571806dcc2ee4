"""Any parallel text on disk: a TSV, two line-aligned files, or a folder with either.

A TSV line is French, a tab, English (further columns are ignored). All files may be plain or
compressed with gzip, xz or bzip2. A folder holds `train`, `validation` (or `val`) and `test`
TSVs, or one pair of files that end in `.fr` and `.en`.
"""

import bz2
import codecs
import gzip
import lzma
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, NamedTuple

from bench.data.corpus import Corpus, SentencePair
from bench.errors import CorpusError

OPENERS = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
COLUMN_NAMES = {
    *("fr", "fra", "fr-fr", "french", "français", "src", "source"),
    *("en", "eng", "en-us", "en-gb", "english", "anglais", "tgt", "trg", "target"),
}
MAX_LINE_BYTES = 50_000  # a sentence is a few hundred; beyond this the file is something else
BROKEN_ARCHIVE = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)
SPLIT_PREFIXES = {"train": ("train",), "validation": ("validation", "val"), "test": ("test",)}

DESCRIPTION = "your own files: a TSV, two aligned files, or a folder"


class FilesReader:
    """Reads the pairs at a path; two paths joined by a comma are aligned line by line."""

    def __init__(self, name: str) -> None:
        self._layout = _find_layout(name)

    def fingerprint(self) -> str:
        """Digest the bytes of all files, whatever they are called."""
        digest = sha256()
        for path in self._layout.paths:
            try:
                with path.open("rb") as file:
                    while block := file.read(1 << 20):
                        digest.update(block)
            except OSError as error:
                raise _unreadable(error, path) from error
            digest.update(b"\0")
        return f"files-{digest.hexdigest()}"

    def read(self, *, num_pairs: int) -> Corpus:  # noqa: ARG002 - a file holds what it holds
        """Read everything; pairs with an empty side are dropped and counted."""
        splits = [[], [], []] if self._layout.is_split else [[]]  # type: list[list[SentencePair]]
        dropped = 0
        if self._layout.aligned:
            pairs = [_read_aligned(*self._layout.paths)]
        else:
            pairs = [read_tsv(path) for path in self._layout.paths]
        for split, found in zip(splits, pairs, strict=True):
            for pair in found:
                if pair.source and pair.target:
                    split.append(pair)
                else:
                    dropped += 1
        for split, path in zip(splits, self._layout.paths, strict=False):
            if not split:
                raise CorpusError("holds no sentence pair", path=path)
        train, validation, test = splits if self._layout.is_split else (splits[0], [], [])
        return Corpus(train=train, validation=validation, test=test, dropped=dropped)


class _Layout(NamedTuple):
    paths: tuple[Path, ...]
    aligned: bool
    is_split: bool


def _find_layout(name: str) -> _Layout:
    if "," in name and not Path(name).exists():
        paths = tuple(Path(part) for part in name.split(","))
        if len(paths) != 2:
            raise CorpusError(f"two aligned files are joined by one comma, got {name!r}")
        for path in paths:
            if not path.is_file():
                raise CorpusError("no such file", path=path)
        if [ending for path in paths for ending in path.suffixes[:1]] == [".en", ".fr"]:
            raise CorpusError(f"the French file stands first: {paths[1]},{paths[0]}")
        return _Layout(paths, aligned=True, is_split=False)
    path = Path(name)
    if path.exists() and not path.is_dir():  # a pipe or a device could be read only once
        if not path.is_file():
            raise CorpusError("not a file that can be read twice; save it first", path=path)
        return _Layout((path,), aligned=False, is_split=False)
    return _find_folder_layout(path)


def _find_folder_layout(folder: Path) -> _Layout:
    found = [
        _only_file(folder, [f"{prefix}*.tsv*" for prefix in prefixes])
        for prefixes in SPLIT_PREFIXES.values()
    ]
    splits = tuple(path for path in found if path is not None)
    if len(splits) == len(SPLIT_PREFIXES):
        return _Layout(splits, aligned=False, is_split=True)
    french, english = _only_file(folder, ["*.fr", "*.fr.*"]), _only_file(folder, ["*.en", "*.en.*"])
    if french is not None and english is not None:
        return _Layout((french, english), aligned=True, is_split=False)
    names = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
    raise CorpusError(
        f"found {names}; wanted train, validation (or val) and test TSV files, "
        "or two aligned files ending in .fr and .en",
        path=folder,
    )


def _only_file(folder: Path, patterns: list[str]) -> Path | None:
    paths = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    if len(paths) > 1:
        names = " and ".join(path.name for path in paths)
        raise CorpusError(f"{names} could both be meant; name one of them", path=folder)
    return paths[0] if paths else None


def read_tsv(path: Path) -> Iterator[SentencePair]:
    """Yield the pairs of a TSV, those with an empty side included; empty lines are passed over."""
    for number, line in read_lines(path):
        if not line:
            continue
        source, tab, rest = line.partition("\t")
        if not tab:
            raise CorpusError("no tab between French and English", path=path, line=number)
        pair = SentencePair(source.strip(), rest.partition("\t")[0].strip())
        if number == 1 and COLUMN_NAMES.issuperset(map(str.casefold, pair)):
            message = f"{pair.source!r} and {pair.target!r} name columns; take this line out"
            raise CorpusError(message, path=path, line=number)
        yield pair


def _read_aligned(source_path: Path, target_path: Path) -> Iterator[SentencePair]:
    sources, targets = read_lines(source_path), read_lines(target_path)
    for number, source in sources:
        target = next(targets, None)
        if target is None:
            raise _unequal(longer=source_path, shorter=target_path, line=number)
        yield SentencePair(source.strip(), target[1].strip())
    if (extra := next(targets, None)) is not None:
        raise _unequal(longer=target_path, shorter=source_path, line=extra[0])


def _unequal(*, longer: Path, shorter: Path, line: int) -> CorpusError:
    message = f"{shorter} ends before this line: aligned files must have as many lines"
    return CorpusError(message, path=longer, line=line)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line's number, from 1, and its text without line end or byte-order mark."""
    number = 0
    try:
        with _open(path) as file:
            while block := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                yield number, _decode(block, path=path, number=number)
    except BROKEN_ARCHIVE as error:
        message = f"broken compressed file after line {number} ({error})"
        raise CorpusError(message, path=path) from error
    except OSError as error:
        raise _unreadable(error, path) from error


def _unreadable(error: OSError, path: Path) -> CorpusError:
    return CorpusError(f"cannot be read ({error.strerror or error})", path=path)


def _open(path: Path) -> IO[bytes]:
    return OPENERS.get(path.suffix, open)(path, "rb")  # type: ignore[operator, no-any-return]


def is_readable(line: bytes) -> bool:
    """Tell whether a line of UTF-8 is one that `read_tsv` takes."""
    return len(line) <= MAX_LINE_BYTES and b"\0" not in line


def _decode(block: bytes, *, path: Path, number: int) -> str:
    if len(block) > MAX_LINE_BYTES:
        message = f"longer than {MAX_LINE_BYTES:,} bytes: not a sentence"
        raise CorpusError(message, path=path, line=number)
    if number == 1 and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise CorpusError("is UTF-16; save it as UTF-8", path=path)
    if b"\0" in block:
        raise CorpusError("holds a NUL byte: not a text file", path=path, line=number)
    try:
        text = block.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 (byte 0x{block[error.start]:02x} at position {error.start + 1})"
        raise CorpusError(message, path=path, line=number) from error
    return text.rstrip("\r\n")
