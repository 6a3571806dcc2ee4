"""Archives are read, never unpacked."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bench.data.archives import gzip_lines, open_member
from bench.errors import CorpusError


def make_tar(path: Path, members: list[tarfile.TarInfo], *, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for member in members:
            content = b"text"
            member.size = len(content) if member.isfile() else 0
            tar.addfile(member, io.BytesIO(content) if member.isfile() else None)
    return path


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo("harmless")
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_file_is_found_in_any_folder(tmp_path: Path, mode: str) -> None:
    """In a tar, compressed or not, by its own name."""
    archive = make_tar(tmp_path / "a.tar", [tarfile.TarInfo("deep/down/wanted")], mode=mode)

    with open_member(archive, ["wanted"]) as file:
        assert file.read() == b"text"


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("../wanted"),
        tarfile.TarInfo("/etc/wanted"),
        link(tarfile.SYMTYPE, "../../outside"),
        link(tarfile.LNKTYPE, "/etc/passwd"),
    ],
    ids=["parent", "absolute", "symbolic link", "hard link"],
)
def test_an_archive_that_leads_outside_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    """As a whole, naming what it held."""
    archive = make_tar(tmp_path / "a.tar", [member, tarfile.TarInfo("wanted")])

    with pytest.raises(CorpusError, match="refused"), open_member(archive, ["wanted"]):
        pass


def test_a_zip_that_leads_outside_is_refused(tmp_path: Path) -> None:
    """Zips too."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("../wanted", "text")

    with (
        pytest.raises(CorpusError, match="refused"),
        open_member(tmp_path / "a.zip", ["wanted"]),
    ):
        pass


def test_what_is_no_archive_says_so(tmp_path: Path) -> None:
    """And what lacks the file, too."""
    (tmp_path / "a.tar").write_bytes(b"no archive")
    other = make_tar(tmp_path / "b.tar", [tarfile.TarInfo("other")])

    with pytest.raises(CorpusError, match="not a whole archive"):
        open_member(tmp_path / "a.tar", ["wanted"]).__enter__()
    with pytest.raises(CorpusError, match="holds none of wanted"):
        open_member(other, ["wanted"]).__enter__()


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_damaged_archive_says_so(tmp_path: Path, kind: str) -> None:
    """Wherever its compression notices."""
    letters = np.random.default_rng(1).integers(ord("a"), ord("z"), 200_000, dtype=np.uint8)
    whole = tmp_path / f"a.tar.{kind}"
    member = tarfile.TarInfo("wanted")
    member.size = len(letters)
    with tarfile.open(whole, f"w:{kind}") as tar:  # type: ignore[call-overload]
        tar.addfile(member, io.BytesIO(letters.tobytes()))
    content = bytearray(whole.read_bytes())
    content[60_000:60_050] = bytes(50)
    whole.write_bytes(content)

    with (
        pytest.raises(CorpusError, match=rf"a\.tar\.{kind}: not a whole archive"),
        open_member(whole, ["wanted"]) as file,
    ):
        file.read()


def test_a_compression_that_python_does_not_know_says_so(tmp_path: Path) -> None:
    """Deflate64, which Windows makes of large files."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("wanted", "text")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[8] = content[content.index(b"PK\x01\x02") + 10] = 9  # the member's method
    (tmp_path / "a.zip").write_bytes(content)

    with pytest.raises(CorpusError, match="not a whole archive"):
        open_member(tmp_path / "a.zip", ["wanted"]).__enter__()


def test_an_encrypted_file_says_so(tmp_path: Path) -> None:
    """Nobody is asked for a password."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("wanted", "text")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the member's flags, in the directory
    (tmp_path / "a.zip").write_bytes(content)

    with pytest.raises(CorpusError, match="holds 'wanted' encrypted"):
        open_member(tmp_path / "a.zip", ["wanted"]).__enter__()


@pytest.mark.parametrize("pack", [lambda text: text, gzip.compress], ids=["plain", "gzip"])
def test_lines_are_those_of_the_text(pack: object) -> None:
    """Across blocks, with and without a last line end, in several gzip members."""
    text = b"one\n\n" + b"x" * 3_000_000 + b"\nlast"
    packed = pack(text[:100]) + pack(text[100:])  # type: ignore[operator]

    assert list(gzip_lines(io.BytesIO(packed))) == text.split(b"\n")


def test_a_broken_stream_is_noticed() -> None:
    """Not taken for a short text."""
    with pytest.raises(EOFError, match="breaks off"):
        list(gzip_lines(io.BytesIO(gzip.compress(b"text" * 1000)[:-12])))
