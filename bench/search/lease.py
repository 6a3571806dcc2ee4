"""Who is at work on a trial, and whether he still is.

Optuna's journal keeps no heartbeat: a trial whose process was killed stays RUNNING for ever. So
each command that searches holds a lock, which the operating system lets go of when it dies, and
marks its running trials with its name and the time. On its own machine it is known at once that it
has died; from one that does not see the lock, when its trials have not been marked for a while.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout
from optuna.trial import FrozenTrial

from bench.cache import cache_folder

OWNER, SEEN = "owner", "seen"
MARK_SECONDS = 15.0
STALE_SECONDS = 90.0


class Lease:
    """The presence of one command."""

    def __init__(self, mark: Callable[[dict[str, str | float]], None]) -> None:
        """Get ready.

        Args:
            mark: writes attributes to all trials that the command is at work on.
        """
        # With the lock's place: commands of one machine may have caches of their own.
        lock = cache_folder().absolute() / "searches" / f"{uuid4().hex[:12]}.lock"
        self.owner = f"{socket.gethostname()}/{lock}"
        self._mark = mark
        self._lock = FileLock(_lock_file(self.owner))
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_marking, daemon=True)

    def __enter__(self) -> "Lease":
        """Be present."""
        _lock_file(self.owner).parent.mkdir(parents=True, exist_ok=True)
        self._lock.acquire()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave."""
        self._ended.set()
        self._thread.join()
        self._lock.release()
        _lock_file(self.owner).unlink(missing_ok=True)

    def attributes(self) -> dict[str, str | float]:
        """Return what marks a trial as this command's, now."""
        # In this order: who reads the owner finds a time too.
        return {SEEN: time.time(), OWNER: self.owner}

    def _keep_marking(self) -> None:
        while not self._ended.wait(MARK_SECONDS):
            self._mark(self.attributes())


def is_abandoned(trial: FrozenTrial) -> bool:
    """Tell whether nobody is at work on a running trial any more."""
    owner = trial.user_attrs.get(OWNER)
    if owner is None:  # just asked for: its owner has not put his name to it yet
        started = trial.datetime_start
        return started is not None and time.time() - started.timestamp() > STALE_SECONDS
    lock = _lock_file(str(owner))
    if str(owner).partition("/")[0] == socket.gethostname():
        with suppress(OSError):  # another user's lock cannot be looked at
            if lock.exists():
                return not _is_held(lock)
    # Another machine, or one that only has the same name: containers share it, but not their files.
    return time.time() - float(trial.user_attrs[SEEN]) > STALE_SECONDS


def _lock_file(owner: str) -> Path:
    return Path(owner.partition("/")[2])


def _is_held(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
