"""Text files that are whole whenever somebody looks."""

import os
from pathlib import Path


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
