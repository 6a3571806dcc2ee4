"""Which MLflow store is used, how its address is shown, and its careful creation."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from bench.errors import TrackingError
from bench.processes import CONTEXT, deaf_to_ctrl_c, ignore_ctrl_c

DEFAULT_FILE = "mlflow.db"
SQLITE = "sqlite:///"
SQLITE_FILE = b"SQLite format 3\0"
"""How such a file begins."""
SECRET = "password|passwd|pwd|token|key|secret|odbc_connect"
"""How the names of parameters end that nobody should read."""
TRIES, FEW_TRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2"


def tracking_uri(given: str | None) -> str:
    """Settle the store: the one given, `$MLFLOW_TRACKING_URI`, or mlflow.db in this folder.

    Raises:
        TrackingError: for what is no address, or a plain folder, which MLflow 3 does not take.
    """
    uri = (
        given or os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{Path(DEFAULT_FILE).resolve()}"
    )
    try:
        scheme = urlsplit(uri).scheme
    except ValueError as error:
        raise TrackingError(f"tracking URI {without_password(uri)!r}: {error}") from error
    if scheme in {"", "file"}:
        raise TrackingError(
            f"tracking URI {uri!r}: MLflow 3 keeps no runs in plain folders; "
            f"use a database such as {SQLITE}{DEFAULT_FILE}, or a server's http:// address"
        )
    if not given and "?" in str(Path.cwd()) and uri.startswith(SQLITE):
        raise TrackingError(
            f"no store can be kept in {Path.cwd()}: an address has options from a ? on; "
            "name another with --tracking-uri"
        )
    path = sqlite_path(uri)
    # An absolute path: the same store whatever folder a worker or a later command runs in.
    return uri if path is None else f"{SQLITE}{path.resolve()}{''.join(uri.partition('?')[1:])}"


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a SQLite store, whatever options follow; None for any other."""
    return Path(uri.removeprefix(SQLITE).partition("?")[0]) if uri.startswith(SQLITE) else None


def without_password(uri: str) -> str:
    """Make an address fit to be printed, or a text that holds one.

    By patterns, not by the rules for addresses: who typed a `#` or a `/` into his password has
    broken these, and SQLAlchemy takes it all the same.
    """
    blotted = re.sub(r"(?i)(https?://)\S*@", r"\1***@", uri)  # it may be a token without a name
    for password in (r"\S*", r"(?:(?!://).)*"):
        blotted = re.sub(rf"(://[^:/@\s]*:){password}@", r"\1***@", blotted)
    return re.sub(rf"(?i)([?&;][\w-]*(?:{SECRET})=)[^&;\s]*", r"\1***", blotted)


def check_file(uri: str) -> None:
    """Look whether a SQLite store's file is one, which MLflow finds out after ten tries.

    Raises:
        TrackingError: when it is not.
    """
    path = sqlite_path(uri)
    if path is None or not path.exists():
        return
    with path.open("rb") as file:
        beginning = file.read(len(SQLITE_FILE))
    if beginning not in {b"", SQLITE_FILE}:
        raise TrackingError(f"{path} is no SQLite database, in which MLflow keeps its runs")


def is_server(uri: str) -> bool:
    """Tell whether the store is an MLflow server, which has pages of its own."""
    return urlsplit(uri).scheme in {"http", "https"}


def is_new(uri: str) -> bool:
    """Tell whether the store is a SQLite file that does not exist yet."""
    path = sqlite_path(uri)
    return path is not None and not path.exists()


def refuse_new(uri: str, *, command: str) -> None:
    """Refuse a store that does not exist yet, where one was to be read.

    Args:
        uri: of the store.
        command: that makes it.

    Raises:
        TrackingError: when it does not.
    """
    if is_new(uri):
        raise TrackingError(f"no recorded runs at {without_password(uri)}; {command} makes some")


@contextmanager
def created_beside(uri: str) -> Iterator[bool]:
    """Create a new SQLite store in a process of its own while other work is done.

    MLflow takes 4 to 20 seconds for it, and two processes that create one store break it for good:
    hence one process, under a lock, and nobody goes on before it has finished. Yields whether
    there is anything to create.
    """
    if not is_new(uri):
        yield False
        return
    _make_room(uri)
    process = CONTEXT.Process(target=_create, args=(uri,))
    with deaf_to_ctrl_c():
        process.start()
    try:
        yield True
    except BaseException:
        process.join()  # half a store would be worse than a moment's wait
        raise
    process.join()
    if process.exitcode != 0:
        raise TrackingError(f"MLflow could not create its store {without_password(uri)}")


def be_patient() -> None:
    """Give a server that has answered before four minutes to come back, so that no run is lost."""
    if os.environ.get(TRIES) == FEW_TRIES:
        del os.environ[TRIES]


def be_hasty() -> None:
    """Wait for a server for some seconds only, as who is about to leave."""
    os.environ.setdefault(TRIES, FEW_TRIES)


def quieten_mlflow() -> None:
    """Keep MLflow from calling home, and from telling its migrations and every run's address."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "1")
    # Two tries in place of seven: a server that is not there is said to be so within seconds.
    be_hasty()
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # amid live progress
    for name in ("mlflow", "alembic", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _make_room(uri: str) -> None:
    path = sqlite_path(uri)
    assert path is not None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".lock").touch()
    except OSError as error:
        raise TrackingError(
            f"no store can be made there: {error.filename}: {error.strerror}"
        ) from error


def _create(uri: str) -> None:
    ignore_ctrl_c()
    path = sqlite_path(uri)
    assert path is not None
    quieten_mlflow()
    from mlflow import MlflowClient

    with FileLock(path.with_suffix(".lock")):
        quieten_mlflow()
        if not path.exists():
            # Into another file first: whoever finds the store finds it whole.
            scratch = path.with_suffix(".new")
            scratch.unlink(missing_ok=True)
            try:
                MlflowClient(tracking_uri=f"{SQLITE}{scratch.resolve()}").search_experiments()
                scratch.rename(path)
            except Exception as error:  # noqa: BLE001 - whatever it is, no half of a store stays
                scratch.unlink(missing_ok=True)
                sys.exit(f"{scratch}: {str(error).partition(chr(10))[0]}")
