"""Where a result comes from: code, versions, machine."""

import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import bench
from bench.compiled.library import load_kernels
from bench.model.products import product_library
from bench.processor import read_processor
from bench.tracking.store import without_password

PACKAGES = (
    "torch",
    "numpy",
    "spacy",
    "sentencepiece",
    "fasttext-wheel",
    "sacremoses",
    "sacrebleu",
    "mlflow",
    "optuna",
    "safetensors",
)
SOURCE_FOLDER = Path(__file__).parents[2]


def provenance() -> Mapping[str, str]:
    """Describe what is running, as tags: `git.commit`, `version.torch`, `host.cpu` and so on."""
    tags = {
        "bench.version": bench.__version__,
        "python.version": platform.python_version(),
        "host.system": platform.platform(),
        "host.cpu": read_processor().name,
        "host.cores": str(os.cpu_count()),
        "host.kernels": "torch" if load_kernels() is None else "compiled",
        "host.products": product_library(),
    }
    tags |= {f"version.{name}": found for name in PACKAGES if (found := _version(name))}
    return tags | _git_tags()


DECISIVE = ("bench", "experiments", "pyproject.toml", "constraints.txt")
"""What in a clone can change a score; a report being written there cannot."""


def command_line() -> str:
    """Return the command as a person would type it, passwords blotted out."""
    words = []
    for word in sys.argv[1:]:
        option, value = split_option(word)
        words.append(f"{option}{without_password(value)}")
    return shlex.join(["python", "-m", "bench", *words])


def split_option(word: str) -> tuple[str, str]:
    """Part `--option=value` or `key=value` before its value; a word that is none has neither."""
    option, equals, value = word.partition("=")
    is_one = word.startswith("--") or re.fullmatch(r"\w+\.\w+", option)
    return (f"{option}{equals}", value) if equals and is_one else ("", word)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_tags() -> dict[str, str]:
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return {"git.commit": "unknown (not run from a clone)"}
    changed = _git("status", "--porcelain", "--", *DECISIVE)
    return {"git.commit": commit, "git.dirty": str(bool(changed)).lower()}


def _git(*arguments: str) -> str:
    if not (SOURCE_FOLDER / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=SOURCE_FOLDER, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
