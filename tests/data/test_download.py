"""Downloads, from a small server on loopback that misbehaves on demand."""

import shutil
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from bench.data import download
from bench.data.download import fetch
from bench.errors import DownloadError

CONTENT = bytes(range(256)) * 20_000  # five megabytes
DIGEST = sha256(CONTENT).hexdigest()


class Server(NamedTuple):
    """Where it listens, and what it was asked for: path and range."""

    address: str
    asked: list[tuple[str, str]]


class QuietServer(ThreadingHTTPServer):
    """Says nothing when a client has gone."""

    def handle_error(self, *args: object) -> None:
        """Be silent."""


class Handler(BaseHTTPRequestHandler):
    """`/whole` serves; `/breaks` closes after two megabytes; `/moved` points to `/whole`."""

    asked: list[tuple[str, str]]
    version = "1"

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.asked.append((self.path, wanted))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/whole")
            self.end_headers()
        elif self.path == "/missing":
            self.send_error(404)
        else:
            self.serve(wanted)

    def serve(self, wanted: str) -> None:
        same = self.headers.get("If-Range", "") == f'"{self.version}"'
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and same else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.send_header("ETag", f'"{self.version}"')
        self.end_headers()
        end = start + 2_000_000 if self.path == "/breaks" else len(CONTENT)
        self.wfile.write(CONTENT[start:end])

    def log_message(self, *args: object) -> None:
        """Be silent."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve on a free port of loopback."""
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(download, "SPARE_BYTES", 0)
    asked: list[tuple[str, str]] = []
    handler = type("OwnHandler", (Handler,), {"asked": asked})
    with QuietServer(("127.0.0.1", 0), handler) as httpd:
        thread = Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield Server(f"http://127.0.0.1:{httpd.server_port}", asked)
        httpd.shutdown()


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    """Whole, verified, with progress up to its size; a second call asks nobody."""
    told: list[tuple[int, int]] = []
    path = tmp_path / "downloads" / "file"

    for _ in range(2):
        fetch(
            [f"{server.address}/whole"],
            path,
            digest=DIGEST,
            progress=lambda done, total: told.append((done, total)),
        )

    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert len(server.asked) == 1
    assert leftovers(path.parent) == ["file"]


def test_a_broken_connection_is_resumed(server: Server, tmp_path: Path) -> None:
    """Each request asks for what is lacking and no more."""
    fetch([f"{server.address}/breaks"], tmp_path / "file", digest=DIGEST)

    assert (tmp_path / "file").read_bytes() == CONTENT
    first, *others = [wanted for _, wanted in server.asked]
    starts = [int(wanted.removeprefix("bytes=").rstrip("-")) for wanted in others]
    assert first == ""
    assert starts == pytest.approx([2_000_000, 4_000_000], abs=2 * download.NETWORK_BLOCK)


def test_a_part_of_another_version_is_not_continued(server: Server, tmp_path: Path) -> None:
    """What changed on the server is fetched from the beginning."""
    (tmp_path / "file.part").write_bytes(b"old" * 1000)
    (tmp_path / "file.part.json").write_text(
        f'{{"address": "{server.address}/whole", "version": "\\"0\\""}}'
    )

    fetch([f"{server.address}/whole"], tmp_path / "file", digest=DIGEST)

    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_redirect_is_followed(server: Server, tmp_path: Path) -> None:
    """To where the file is."""
    assert fetch([f"{server.address}/moved"], tmp_path / "file").read_bytes() == CONTENT


def test_the_next_address_is_tried(server: Server, tmp_path: Path) -> None:
    """After one that has no such file."""
    fetch([f"{server.address}/missing", f"{server.address}/whole"], tmp_path / "file")

    assert [path for path, _ in server.asked] == ["/missing", "/whole"]


def test_a_wrong_file_is_refused(server: Server, tmp_path: Path) -> None:
    """Both digests are named, and nothing is left."""
    with pytest.raises(DownloadError, match=f"SHA-256 {DIGEST[:16]}…, wanted 00000"):
        fetch([f"{server.address}/whole"], tmp_path / "file", digest="0" * 64)

    assert leftovers(tmp_path) == []


def test_a_missing_file_names_every_address(server: Server, tmp_path: Path) -> None:
    """With what each one said; no password is shown."""
    address = server.address.replace("http://", "http://user:secret@")
    with pytest.raises(DownloadError, match="404") as error:
        fetch([f"{address}/missing"], tmp_path / "file")

    assert "secret" not in str(error.value).partition("404")[0]


def test_a_full_disk_is_noticed_before(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written; the message says how much is lacking and what to set."""
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(DownloadError, match=r"0\.0 GB are free; BENCH_CACHE"):
        fetch([f"{server.address}/whole"], tmp_path / "file")

    assert leftovers(tmp_path) == []


def test_an_encrypted_address_may_not_become_a_plain_one() -> None:
    """A redirect from https to http is refused."""

    class Response:
        url = "http://elsewhere/file"

    with pytest.raises(download._IncompleteError, match="unencrypted"):
        download._refuse_downgrade("https://here/file", Response())  # type: ignore[arg-type]
