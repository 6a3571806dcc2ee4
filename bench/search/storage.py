"""Where studies are kept: a journal in the current folder, or any database."""

from pathlib import Path

from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.exc import SQLAlchemyError

from bench.errors import BenchError
from bench.tracking.store import without_password

Storage = BaseStorage
DEFAULT_FILE = "optuna.journal"


def open_storage(given: str | None) -> BaseStorage:
    """Open the storage: a URL such as `sqlite:///FILE` or `postgresql://…`, or a journal's path.

    Raises:
        BenchError: when a database does not answer.
    """
    if given is None or "://" not in given:
        path = Path(given or DEFAULT_FILE).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(path)))
    try:
        return RDBStorage(given)
    except (SQLAlchemyError, ImportError) as error:
        detail = str(error).partition("\n")[0].replace(given, without_password(given))
        raise BenchError(
            f"--storage {without_password(given)} does not answer: {detail}"
        ) from error
