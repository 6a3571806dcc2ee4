"""The first seconds of a command: slips answered, then something to see while libraries load."""

from typing import TYPE_CHECKING

from rich.console import Console

from bench.session.selection import Selection, parse_seeds

if TYPE_CHECKING:
    from bench.session.session import Planned, Session


def check(selection: Selection, *, goes_on: bool = False) -> None:
    """Find what can be wrong with the shared options without loading torch or MLflow.

    Args:
        selection: of the command line.
        goes_on: whether an earlier command said with what, so that it is not looked at.

    Raises:
        BenchError: for what is not known, not allowed or not here.
    """
    from bench.data.corpus import load_reader
    from bench.experiment.loading import check_seeds, load_experiment
    from bench.tracking.store import tracking_uri

    seeds = parse_seeds(selection.seeds)
    if seeds is not None:
        check_seeds(seeds, where="--seeds")
    tracking_uri(selection.tracking_uri)
    if not selection.experiment or goes_on:
        return
    experiment = load_experiment(
        selection.experiment,
        profile=selection.profile,
        overrides=selection.overrides,
        corpus=selection.corpus,
    )
    for corpus in {variant.config.data.corpus for variant in experiment.variants.values()}:
        load_reader(corpus)


def open_plan(console: Console, selection: Selection) -> "Planned":
    """Plan what the shared options selected, without its record, saying what is happening."""
    with console.status("loading the libraries") as status:
        # Here, not above: torch, MLflow and their kin take seconds, and nobody likes a dead screen.
        from bench.session.session import plan_selection

        return plan_selection(selection, say=lambda text: status.update(text))


def open_session(console: Console, selection: Selection, *, recorded: bool = False) -> "Session":
    """Open what the shared options selected, saying what is happening.

    Args:
        console: where to say it.
        selection: of the command line.
        recorded: whether there is nothing to do without a record; none is made then.
    """
    if recorded:
        from bench.tracking.store import refuse_new, tracking_uri

        refuse_new(tracking_uri(selection.tracking_uri), command=selection.typed("run"))
    with console.status("loading the libraries") as status:
        from bench.session.session import open_selection

        return open_selection(selection, say=lambda text: status.update(text))
