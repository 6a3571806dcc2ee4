"""What the shared options of the command line say, before any of it has been looked up."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import ConfigError

MOST_SEEDS = 1_000
"""That a number of them may ask for; what is larger was meant as a seed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """An experiment, how it is to be done, and where its record is."""

    experiment: str
    """Name or file; empty where a search that goes on knows which."""
    profile: str = "quick"
    seeds: str | None = None
    """How many or which, as typed; None: as the experiment's file says, or all on record."""
    corpus: str = ""
    """Another corpus than the experiment's."""
    overrides: Sequence[str] = ()
    """Settings of all variants, `key=value`."""
    device: str = "auto"
    tracking_uri: str | None = None

    def typed(self, command: str) -> str:
        """Write a command with these options, to be typed again."""
        # Here, not above: what selects must not take long to load.
        from bench.experiment.loading import DEFAULT_PROFILE
        from bench.tracking.store import without_password

        words = ["python", "-m", "bench", command, self.experiment]
        if self.profile != DEFAULT_PROFILE:
            words += ["--profile", self.profile]
        for option, value in (("--seeds", self.seeds), ("--corpus", self.corpus)):
            words += [option, value] if value else []
        words += [word for setting in self.overrides for word in ("--set", setting)]
        if self.device != "auto":
            words += ["--device", self.device]
        if self.tracking_uri:
            words += ["--tracking-uri", without_password(self.tracking_uri)]
        return shlex.join(words)


def parse_seeds(text: str | None) -> list[int] | None:
    """Read `--seeds`: a number of seeds, or a list with commas.

    Raises:
        ConfigError: for anything else.
    """
    if text is None:
        return None
    try:
        numbers = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        numbers = []
    if "," in text and numbers:
        return numbers
    if len(numbers) == 1 and numbers[0] > MOST_SEEDS:
        raise ConfigError(f"--seeds: {text} seeds are too many; the one seed is written {text},")
    if len(numbers) == 1 and numbers[0] >= 1:
        return list(range(1, numbers[0] + 1))
    raise ConfigError(f"--seeds: wanted how many, such as 5, or which, such as 1,2,3; got {text!r}")


def refuse_listed_seeds(seeds: str | None) -> None:
    """Refuse which seeds, where a search is asked how many.

    Raises:
        ConfigError: for a list.
    """
    if seeds is not None and "," in seeds:
        raise ConfigError(
            f"--seeds: a search takes how many, such as 5, not which; got {seeds!r}. The winners "
            "are compared with seeds that have chosen nothing"
        )
