"""Every error that a user can mend: where it is, what was found, what is allowed."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class BenchError(Exception):
    """Something the user can put right; printed without a traceback."""


class UnknownNameError(BenchError):
    """A name in an experiment file or on the command line that nothing answers to."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str) -> None:
        names = sorted(known)
        begun = [each for each in names if name and each.startswith(name)]
        nearest = get_close_matches(name, begun, n=1, cutoff=0) or get_close_matches(name, names, 1)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        section, dot, _ = (nearest[0] if nearest else name).rpartition(".")
        told = [each for each in names if dot and each.startswith(f"{section}.")] or names
        known_ones = f"Known: {', '.join(told)}" if told else f"There is no {kind} yet."
        super().__init__(f"{where}: unknown {kind} {name!r}.{hint}\n{known_ones}")


class ConfigError(BenchError):
    """A value in an experiment file or on the command line that is not allowed there."""


class CorpusError(BenchError):
    """A corpus that cannot be read as aligned French and English sentences."""

    def __init__(self, message: str, *, path: Path | None = None, line: int | None = None) -> None:
        place = "" if path is None else f"{path}: " if line is None else f"{path}, line {line}: "
        super().__init__(f"{place}{message}")


class VectorsError(BenchError):
    """A file of word vectors that cannot be used."""

    def __init__(self, message: str, *, path: Path) -> None:
        super().__init__(f"{path}: {message}")


class DamagedVectorsError(VectorsError):
    """One that would be no use to anybody: cut off, or something else altogether."""


class DownloadError(BenchError):
    """A file that could not be fetched, or is not what it should be."""


class TrackingError(BenchError):
    """The tracking store cannot be reached or does not hold what was asked for."""


class DivergedError(BenchError):
    """The loss stopped being a finite number: an outcome of the run, kept and counted."""

    def __init__(self, *, epoch: int, step: int) -> None:
        super().__init__(f"diverged: the loss was not finite in epoch {epoch}, at step {step}")
