"""Where commands keep what they may need again, and where they wait for one another."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import platformdirs
from filelock import FileLock

from bench.errors import ConfigError


def cache_folder() -> Path:
    """Where downloads and prepared data live: `$BENCH_CACHE`, or the user's cache folder.

    Raises:
        ConfigError: when that begins with a `~` that is nobody's.
    """
    configured = os.environ.get("BENCH_CACHE")
    try:
        return (
            Path(configured).expanduser() if configured else platformdirs.user_cache_path("bench")
        )
    except RuntimeError as error:
        raise ConfigError(f"BENCH_CACHE={configured}: {error}") from error


@contextmanager
def alone_with(kind: str, name: str) -> Iterator[None]:
    """Keep this machine's other commands from something meanwhile.

    For what is read, decided on and written in several steps. Nothing is kept from a command that
    has another cache folder.

    Args:
        kind: of thing, a folder's name.
        name: of the thing, any text.
    """
    digest = blake2b(name.encode(), digest_size=16).hexdigest()
    lock = cache_folder() / kind / f"{digest}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        yield
