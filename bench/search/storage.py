"""Where studies are kept: a journal in the current folder, or any database."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from sqlalchemy.exc import SQLAlchemyError

from bench.cache import alone_with
from bench.errors import BenchError
from bench.tracking.store import sqlite_path, without_password

Storage = BaseStorage
DEFAULT_FILE = "optuna.journal"
MAX_ENTRY = 1 << 20
"""Bytes of a line that a journal may begin with, and of what is read of its end at once."""


def open_storage(given: str | None, *, recorded: bool = False) -> BaseStorage:
    """Open the storage: a URL such as `sqlite:///FILE` or `postgresql://…`, or a journal's path.

    Args:
        given: on the command line.
        recorded: whether there is nothing to do without a study; no file is made then.

    Raises:
        BenchError: when a database does not answer, the file is no journal, or it is not there.
    """
    given = given or DEFAULT_FILE
    is_journal = "://" not in given
    file = Path(given) if is_journal else sqlite_path(given)
    if recorded and file is not None and not file.exists():
        raise no_study(given)
    if is_journal:
        path = Path(given).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_journal(path)
        try:
            return JournalStorage(JournalFileBackend(str(path), _MendingLock(str(path))))
        except (ValueError, KeyError) as error:
            raise BenchError(f"--storage {path}: a broken journal ({error!r})") from error
    try:
        with alone_with("storages", given):  # two that make its tables at once both fail
            return RDBStorage(given)
    except (SQLAlchemyError, ImportError, ValueError, RuntimeError) as error:
        detail = str(error).partition("\n")[0].replace(given, without_password(given))
        raise BenchError(
            f"--storage {without_password(given)} does not answer: {detail}"
        ) from error


@contextmanager
def storage_errors() -> Iterator[None]:
    """Within, a storage that fails is said to have, instead of showing Optuna's insides.

    Raises:
        BenchError: when it does.
    """
    try:
        yield
    except (StorageInternalError, SQLAlchemyError, json.JSONDecodeError) as error:
        detail = without_password(str(error.__cause__ or error).partition("\n")[0])
        raise BenchError(
            f"--storage does not answer any more: {detail}\n"
            "What has been done is kept; the same command does what is lacking"
        ) from error


class _MendingLock(JournalFileSymlinkLock):
    """The lock of a journal, under which nobody writes to a line that was never ended.

    A disk that was full has cut it off. Optuna leaves it out when it reads, but would write the
    next entry behind it, in the same line: that one is lost, and with the one after it the journal
    can be read no more.
    """

    def acquire(self) -> bool:
        """Wait for the lock, then cut off what was begun and not ended."""
        acquired = super().acquire()
        try:
            _cut_off(Path(self._lock_target_file))
        except BaseException:
            self.release()
            raise
        return acquired


def _cut_off(journal: Path) -> None:
    """Shorten a journal to the end of its last whole line."""
    with journal.open("r+b") as file:
        end = start = file.seek(0, os.SEEK_END)
        block = b""
        while start and b"\n" not in block:
            start = max(0, start - MAX_ENTRY)
            file.seek(start)
            block = file.read(MAX_ENTRY)
        whole = start + block.rfind(b"\n") + 1
        if whole < end:
            file.truncate(whole)


def no_study(given: str | None) -> BenchError:
    """Say that a storage holds none."""
    shown = without_password(given or DEFAULT_FILE)
    return BenchError(
        f"no study is kept at {shown}: --storage may name another place, and python -m bench "
        "search EXPERIMENT makes some"
    )


def _check_journal(path: Path) -> None:
    """Look whether a file is a journal of Optuna's, before anything is appended to it."""
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        line = file.readline(MAX_ENTRY)
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict) or "op_code" not in entry:
        raise BenchError(f"--storage {path}: not a journal of Optuna's; name another file")
