"""Options that several commands share, and what they mean."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any

import click

from bench.session.selection import Selection

Decorated = Callable[..., Any]

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
    """Give a command the options that select an experiment and its record, as a `Selection`."""
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

        chosen = {field.name: options.pop(field.name) for field in fields(Selection)}
        selection = Selection(**{**chosen, "experiment": chosen["experiment"] or ""})
        check(selection, goes_on=options.get("resume", False))
        return command(selection=selection, **options)

    return checked


def _give(command: Decorated, options: Sequence[Callable[[Decorated], Decorated]]) -> Decorated:
    for option in reversed(options):
        command = option(command)
    return command
