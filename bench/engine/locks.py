"""Who is doing a run on this machine: a lock per run, held while it lasts."""

import resource
from pathlib import Path

from filelock import FileLock, Timeout

from bench.errors import BenchError

USUALLY_OPEN = 256
"""Files, pipes and sockets that a command has open beside its runs' locks, at most."""


def allow_locks(number: int) -> None:
    """Let this process hold that many locks, each of which is an open file.

    Raises:
        BenchError: where the machine permits fewer.
    """
    wanted = number + USUALLY_OPEN
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise BenchError(
            f"{number:,} runs need as many open files, and {hard:,} are permitted here (ulimit "
            "-Hn); name fewer seeds at a time"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def take(folder: Path) -> FileLock | None:
    """Take the lock of the run that has this folder, if no other command has it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_lock_file(folder))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


def wait_for(folder: Path) -> None:
    """Wait until no other command of this machine is at work on that run."""
    with FileLock(_lock_file(folder)):
        pass


def _lock_file(folder: Path) -> Path:
    return folder.with_suffix(".lock")
