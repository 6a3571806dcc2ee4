"""Fetch a file once: verify it, resume what broke off, never leave half of it behind.

A download grows as `NAME.part`, with a note beside it of which version of the file it is a part of,
and gets its name when it is whole.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import sleep
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from filelock import FileLock

from bench.errors import CorpusError, DamagedVectorsError, DownloadError

BLOCK = 1 << 20  # bytes of a file read at a time
NETWORK_BLOCK = 1 << 16  # the most that a broken connection loses
ATTEMPTS = 5  # per address
PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = (10, 60)  # to connect, to the next byte
SPARE_BYTES = 1 << 28  # left free on the disk
PARTIAL, BEYOND = 206, 416  # HTTP's words for it

Progress = Callable[[int, int], None]
"""Told how many bytes are here and how many there will be (0: unknown)."""


def fetch(
    addresses: Sequence[str],
    path: Path,
    *,
    digest: str = "",
    progress: Progress = lambda _done, _total: None,
) -> Path:
    """Return a file, fetching it from the first address that has it.

    Args:
        addresses: where it is published, http or https, best first.
        path: where it will lie.
        digest: SHA-256 it must have, in hexadecimal; "" if none is known.
        progress: told of every block.

    Raises:
        DownloadError: when no address gives the file whole and right, or the disk is too small.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock")):
        if path.exists():
            return path
        problems = []
        for address in addresses:
            part = _Part(path)
            try:
                _download(address, part, progress)
                _verify(part, digest, address)
            except (requests.RequestException, _IncompleteError) as error:
                problems.append(f"{_shown(address)}: {_reason(error)}")
                continue
            part.file.rename(path)
            part.forget()
            return path
    raise DownloadError(f"{path.name} could not be fetched\n" + "\n".join(problems))


@contextmanager
def discarded_if_useless(*files: Path) -> Iterator[None]:
    """Within, files are read that were fetched; those that are damaged are fetched anew later."""
    try:
        yield
    except (CorpusError, DamagedVectorsError):
        for file in files:
            file.unlink(missing_ok=True)
        raise


class _IncompleteError(Exception):
    """An address that does not give the file."""


class _Part:
    """What is here of a file so far."""

    def __init__(self, path: Path) -> None:
        self.file = path.with_name(f"{path.name}.part")
        self._note = path.with_name(f"{path.name}.part.json")

    @property
    def size(self) -> int:
        return self.file.stat().st_size if self.file.exists() else 0

    def version(self, address: str) -> str:
        """Return the server's mark of the version this is a part of, "" if it is of another."""
        if not self.size or not self._note.exists():
            return ""
        try:
            note: dict[str, str] = json.loads(self._note.read_text("utf-8"))
        except ValueError:  # cut off by a full disk
            return ""
        return note["version"] if note["address"] == address else ""

    def remember(self, address: str, version: str) -> None:
        self._note.write_text(json.dumps({"address": address, "version": version}), "utf-8")

    def forget(self) -> None:
        self.file.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


class _Answer(NamedTuple):
    total: int  # bytes of the whole file, 0 if the server does not say
    resumes: bool


def _download(address: str, part: _Part, progress: Progress) -> None:
    """Fetch from one address, going on where the connection broke."""
    for attempt in range(ATTEMPTS):
        before = part.size
        try:
            if _attempt(address, part, progress):
                return
        except requests.RequestException as error:
            if attempt == ATTEMPTS - 1 or _is_final(error):
                raise
        if part.size == before:
            sleep(PAUSE_SECONDS * attempt)
    raise _IncompleteError(f"broke off {ATTEMPTS} times")


def _attempt(address: str, part: _Part, progress: Progress) -> bool:
    """Fetch what is lacking; return whether the file is whole then."""
    with _ask(address, part) as response:
        if response.status_code == BEYOND:  # the server's file is no longer than our part
            part.forget()
            return False
        response.raise_for_status()
        _refuse_downgrade(address, response)
        answer = _read_header(response)
        if not answer.resumes:
            part.forget()
        _check_room(part, answer)
        part.remember(address, _version(response))
        with part.file.open("ab" if answer.resumes else "wb") as file:
            for block in response.iter_content(NETWORK_BLOCK):
                file.write(block)
                progress(file.tell(), answer.total)
        return not answer.total or part.size == answer.total


def _ask(address: str, part: _Part) -> requests.Response:
    headers = {"Accept-Encoding": "identity", "User-Agent": "bench"}
    version = part.version(address)
    if version:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": version}
    return requests.get(address, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)


def _read_header(response: requests.Response) -> _Answer:
    resumes = response.status_code == PARTIAL
    if resumes:
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        total = response.headers.get("Content-Length", "")
    return _Answer(int(total) if total.isdigit() else 0, resumes)


def _version(response: requests.Response) -> str:
    """Return what tells this version of the file from another; weak marks do not."""
    mark: str = response.headers.get("ETag", "")
    if mark and not mark.startswith("W/"):
        return mark
    changed: str = response.headers.get("Last-Modified", "")
    return changed


def _check_room(part: _Part, answer: _Answer) -> None:
    lacking = answer.total - part.size
    free = shutil.disk_usage(part.file.parent).free
    if lacking + SPARE_BYTES > free:
        raise DownloadError(
            f"{part.file.parent}: {lacking / 1e9:.1f} GB are to be fetched, but only "
            f"{free / 1e9:.1f} GB are free; BENCH_CACHE names another folder"
        )


def _refuse_downgrade(address: str, response: requests.Response) -> None:
    if urlsplit(address).scheme == "https" and urlsplit(response.url).scheme != "https":
        raise _IncompleteError("redirects to an unencrypted address")


def _is_final(error: requests.RequestException) -> bool:
    """Tell errors that trying again would not mend."""
    return isinstance(error, requests.HTTPError | requests.exceptions.InvalidURL)


def _reason(error: Exception) -> str:
    """Say in a few words what went wrong; requests' own words hold addresses as they were given."""
    match error:
        case requests.HTTPError():
            return f"{error.response.status_code} {error.response.reason}"
        case requests.Timeout():
            return "does not answer"
        case requests.ConnectionError():
            return "cannot be reached"
        case _:
            return str(error).partition("\n")[0]


def _verify(part: _Part, digest: str, address: str) -> None:
    if not digest:
        return
    found = sha256()
    with part.file.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    if found.hexdigest() != digest:
        part.forget()
        raise _IncompleteError(
            f"has SHA-256 {found.hexdigest()[:16]}…, wanted {digest[:16]}…: "
            f"not the file it should be ({_shown(address)})"
        )


def _shown(address: str) -> str:
    """Return an address without a password or query."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
