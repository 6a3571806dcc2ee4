"""fastText vectors that are published under a name (https://fasttext.cc, CC BY-SA 3.0)."""

import gzip
import re
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from bench.cache import cache_folder
from bench.data.download import discarded_if_useless, fetch
from bench.errors import ConfigError, DamagedVectorsError

HOST = "https://dl.fbaipublicfiles.com/fasttext"
CRAWL = re.compile(r"cc\.[a-z]{2,3}\.300")
WIKI = re.compile(r"wiki\.[a-z]{2,3}")


def is_published(name: str) -> bool:
    """Tell whether a name is one of published vectors: `wiki.fr`, `cc.fr.300`."""
    return bool(CRAWL.fullmatch(name) or WIKI.fullmatch(name))


def fetch_published(name: str, *, subword: bool, say: Callable[[str], None]) -> Path:
    """Return the file of published vectors, fetching it once.

    Args:
        name: such as `cc.fr.300`.
        subword: whether vectors are to be composed of subwords, which takes the binary form.
        say: told how far it is.

    Raises:
        BenchError: when it cannot be fetched, or has no binary form to fetch.
    """
    crawl = bool(CRAWL.fullmatch(name))
    if subword and not crawl:
        raise ConfigError(
            f'vectors.oov = "subword" wants a binary model, and {name} is fetched as text: '
            f"take cc.{name.partition('.')[2]}.300, or a .bin file at hand"
        )
    ending = ".bin.gz" if subword else ".vec.gz" if crawl else ".vec"
    address = f"{HOST}/{'vectors-crawl' if crawl else 'vectors-wiki'}/{name}{ending}"
    path = cache_folder() / "downloads" / f"{name}{ending}"

    def progress(done: int, total: int) -> None:
        say(f"fetching {path.name}: {done / 1e9:.2f} of {total / 1e9:.2f} GB")

    fetch([address], path, progress=progress)
    with discarded_if_useless(path):
        return _unpacked(path) if subword else path


def _unpacked(path: Path) -> Path:
    """Unpack a gzipped model beside itself, once: fastText reads no compressed file."""
    target = path.with_suffix("")
    with FileLock(path.with_name(f"{path.name}.lock")):
        if target.exists():
            return target
        scratch = target.with_suffix(".new")
        try:
            with gzip.open(path) as packed, scratch.open("wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
        except (OSError, EOFError, zlib.error) as error:
            scratch.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno:  # the disk's fault, not the file's
                raise
            raise DamagedVectorsError(f"cannot be unpacked ({error})", path=path) from error
        scratch.rename(target)
    return target
