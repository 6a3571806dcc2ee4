"""Text files that are whole whenever somebody looks, and as many open ones as are needed."""

import os
import resource
from pathlib import Path

from bench.errors import BenchError

USUALLY_OPEN = 256
"""Files, pipes and sockets that a command has open beside its runs' locks, at most."""


def write_whole(path: Path, text: str) -> None:
    """Write a file, in place of an earlier one only when all of it is there.

    Raises:
        OSError: when it cannot be written; the earlier one then stands.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.new")  # another may write it too
    try:
        scratch.write_text(text, "utf-8")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def allow_open_files(number: int) -> None:
    """Let this process hold that many files open beside its usual ones.

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
