"""Vectors as text, `.vec` or `.vec.gz`: one word and its numbers a line, blanks between.

Only the rows asked for are kept, so that memory follows the vocabulary, not the file. The first
line may say how many rows and features there are.
"""

import codecs
import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.errors import DamagedVectorsError, VectorsError

HEADER_FIELDS = 2


class TextVectors(NamedTuple):
    """What a text file held of what was wanted."""

    known: dict[str, np.ndarray]  # (E,) each
    skipped: Counter[str]  # unusable lines by reason


def read_text_vectors(path: Path, wanted: set[str], *, dim: int) -> TextVectors:
    """Read the vectors of some words; of a word that comes twice, the first.

    A line that is not UTF-8, has a blank within its word, or too few or unreadable numbers is
    skipped and counted.

    Args:
        path: `.vec`, or `.vec.gz`.
        wanted: the words.
        dim: features of a vector.

    Raises:
        VectorsError: when the file cannot be read, is empty or cut off, or has vectors of another
            size.
    """
    known: dict[str, np.ndarray] = {}
    skipped: Counter[str] = Counter()
    keys = {word.encode(): word for word in wanted}
    lines = _lines(path)
    first = next(lines, b"").removeprefix(codecs.BOM_UTF8)
    if not first.strip():
        raise DamagedVectorsError("is empty", path=path)
    _check_size(first, dim, path)
    promised = int(first.split()[0]) if _is_header(first) else 0
    num_lines = 0
    for line in lines if promised else _chain(first, lines):
        num_lines += 1
        key, _, numbers = line.rstrip().partition(b" ")
        if keys.get(key) in known or (key not in keys and _plausible(line, dim)):
            continue
        reason = _unusable(line, numbers, dim)
        if reason:
            skipped[reason] += 1
        elif key in keys:
            known[keys[key]] = np.array(numbers.split(), dtype=np.float32)
    if num_lines < promised:
        raise DamagedVectorsError(
            f"is cut off: {num_lines:,} words, where its first line promises {promised:,}",
            path=path,
        )
    return TextVectors(known, skipped)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedVectorsError(f"cannot be read ({error})", path=path) from error


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _is_header(line: bytes) -> bool:
    fields = line.split()
    return len(fields) == HEADER_FIELDS and all(field.isdigit() for field in fields)


def _check_size(first: bytes, dim: int, path: Path) -> None:
    size = int(first.split()[1]) if _is_header(first) else len(first.split()) - 1
    if size != dim:
        raise VectorsError(
            f"holds vectors of {size} features, but model.embedding_dim is {dim}", path=path
        )


def _plausible(line: bytes, dim: int) -> bool:
    # The quick look at lines that are not wanted: as many blanks as there are numbers.
    return line.rstrip().count(b" ") == dim


def _unusable(line: bytes, numbers: bytes, dim: int) -> str:
    fields = numbers.split()
    if len(fields) > dim:
        return "blank within the word"
    if len(fields) < dim:
        return "too few numbers"
    try:
        line.decode()
        finite = bool(np.isfinite(np.array(fields, dtype=np.float32)).all())
    except UnicodeDecodeError:
        return "not UTF-8"
    except ValueError:
        return "not numbers"
    return "" if finite else "not finite"
