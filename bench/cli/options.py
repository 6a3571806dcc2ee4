"""Options that several commands share, and what they mean."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import click

from bench.errors import ConfigError

Decorated = Callable[..., Any]
MOST_SEEDS = 1_000
"""That a number of them may ask for; what is larger was meant as a seed."""

OPTIONS = (
    click.option(
        "--profile",
        default="quick",
        show_default=True,
        help="Size of the experiment, from its file.",
    ),
    click.option(
        "--seeds",
        metavar="N|A,B,…",
        help="How many seeds (1 to N), or which. Default: the file's; for compare and report all "
        "that are recorded. For search: how many compare the winners.",
    ),
    click.option(
        "--corpus",
        default="",
        metavar="NAME|PATH",
        help="Another corpus: a name, a TSV file, two aligned files FR,EN, or a folder.",
    ),
    click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change a setting of all variants, such as model.hidden_size=128; the runs are tagged "
        "as ad hoc. Repeatable.",
    ),
    click.option(
        "--device",
        default="auto",
        show_default=True,
        help="auto, cpu, cuda or cuda:N; auto takes a GPU if there is one.",
    ),
    click.option(
        "--tracking-uri",
        metavar="URI",
        help="MLflow store: sqlite:///FILE or http://SERVER. Default: $MLFLOW_TRACKING_URI, else "
        "mlflow.db in this folder.",
    ),
)


SEARCH_OPTIONS = (
    click.option(
        "--storage",
        metavar="URL|FILE",
        help="Where studies are kept: sqlite:///FILE, postgresql://… or a journal file. Default: "
        "optuna.journal in this folder.",
    ),
    click.option(
        "--objectives",
        metavar="A,B,…",
        help="What is sought: bleu, chrf or loss; and seconds (of training) or parameters beside.",
    ),
)


def experiment_options(command: Decorated) -> Decorated:
    """Give a command the options that select an experiment and its record."""
    return _give(_checked(command), (click.argument("experiment"), *OPTIONS))


def perhaps_experiment_options(command: Decorated) -> Decorated:
    """Give a command the same options, where the experiment may be known otherwise."""
    return _give(_checked(command), (click.argument("experiment", required=False), *OPTIONS))


def search_options(command: Decorated) -> Decorated:
    """Give a command the options that select a search."""
    return _give(command, SEARCH_OPTIONS)


def _checked(command: Decorated) -> Decorated:
    """Look at the options first: a slip is answered at once, not after torch has been loaded."""

    @wraps(command)
    def checked(**options: Any) -> Any:
        from bench.cli.opening import check

        check(options)
        return command(**options)

    return checked


def _give(command: Decorated, options: Sequence[Callable[[Decorated], Decorated]]) -> Decorated:
    for option in reversed(options):
        command = option(command)
    return command


def as_typed(command: str, selected: Mapping[str, Any]) -> str:
    """Write a command with the shared options that were given, to be typed again."""
    from bench.experiment.loading import DEFAULT_PROFILE
    from bench.tracking.store import without_password

    words = ["python", "-m", "bench", command, selected["experiment"]]
    if selected["profile"] != DEFAULT_PROFILE:
        words += ["--profile", selected["profile"]]
    for option, value in (("--seeds", selected["seeds"]), ("--corpus", selected["corpus"])):
        words += [option, value] if value else []
    words += [word for setting in selected["overrides"] for word in ("--set", setting)]
    if selected["device"] != "auto":
        words += ["--device", selected["device"]]
    if selected["tracking_uri"]:
        words += ["--tracking-uri", without_password(selected["tracking_uri"])]
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
