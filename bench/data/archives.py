"""Reading out of archives without unpacking them: nothing is ever written where a name says.

An archive with a name that leads outside, or a link that does, is refused as a whole.
"""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO

from bench.errors import CorpusError

BLOCK = 1 << 20  # bytes read at a time
GZIP_MAGIC = b"\x1f\x8b"
ENCRYPTED = 1  # of a zip member's flags
GZIP_WINDOW = 31  # zlib's word for a gzip header
BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    lzma.LZMAError,
    EOFError,
    zlib.error,
    NotImplementedError,  # zip's word for a compression that Python does not know
)


@contextmanager
def open_member(archive: Path, names: Iterable[str]) -> Iterator[IO[bytes]]:
    """Open the first file of a tar (compressed or not) or zip whose own name is one of `names`.

    Raises:
        CorpusError: when it is no archive, holds no such file, or names a place outside.
    """
    wanted = set(names)
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed, packed.open(_in_zip(packed, wanted)) as member:
                yield member
        else:
            with tarfile.open(archive) as tar, _in_tar(tar, wanted) as file:
                yield file
    except _RefusedError as error:
        raise CorpusError(str(error), path=archive) from error
    except BROKEN as error:
        raise CorpusError(f"not a whole archive ({error})", path=archive) from error
    except OSError as error:
        if error.filename is not None:
            raise
        raise CorpusError(f"not a whole archive ({error})", path=archive) from error  # bzip2's word


def gzip_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a gzip stream, or of plain text, without their line ends.

    Blocks of a megabyte are decompressed and cut at once: several times faster than line by line.
    """
    return chain.from_iterable(_blocks_of_lines(file))


class _RefusedError(Exception):
    """An archive that cannot be used."""


def _in_zip(packed: zipfile.ZipFile, wanted: set[str]) -> str:
    for name in packed.namelist():
        _refuse_outside(name)
    for member in packed.infolist():
        if PurePosixPath(member.filename).name in wanted:
            if member.flag_bits & ENCRYPTED:
                raise _RefusedError(f"holds {member.filename!r} encrypted")
            return member.filename
    raise _RefusedError(f"holds none of {', '.join(sorted(wanted))}")


def _in_tar(packed: tarfile.TarFile, wanted: set[str]) -> IO[bytes]:
    for member in packed:
        _refuse_outside(member.name)
        if member.issym() or member.islnk():
            raise _RefusedError(f"holds a link, {member.name!r} to {member.linkname!r}: refused")
        if member.isfile() and PurePosixPath(member.name).name in wanted:
            file = packed.extractfile(member)
            assert file is not None
            return file
    raise _RefusedError(f"holds none of {', '.join(sorted(wanted))}")


def _refuse_outside(name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise _RefusedError(f"names a place outside itself, {name!r}: refused")


def _blocks_of_lines(file: IO[bytes]) -> Iterator[list[bytes]]:
    rest = b""
    for block in _decompressed(file):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        yield lines
    if rest:
        yield [rest]


def _decompressed(file: IO[bytes]) -> Iterator[bytes]:
    block = file.read(BLOCK)
    if not block.startswith(GZIP_MAGIC):
        while block:
            yield block
            block = file.read(BLOCK)
        return
    stream = zlib.decompressobj(GZIP_WINDOW)
    while block:
        try:
            yield stream.decompress(block)
        except zlib.error as error:
            raise EOFError(f"the compressed file is damaged ({error})") from error
        block = stream.unused_data or file.read(BLOCK)
        if stream.eof and block:  # gzip files may be several, end to end
            stream = zlib.decompressobj(GZIP_WINDOW)
    if not stream.eof:
        raise EOFError("the compressed file breaks off")
