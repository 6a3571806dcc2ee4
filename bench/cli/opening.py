"""The first seconds of a command: slips answered, then something to see while libraries load."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console

from bench.cli.options import as_typed, parse_seeds

if TYPE_CHECKING:
    from bench.cli.session import Planned, Session


def check(selected: Mapping[str, Any]) -> None:
    """Find what can be wrong with the shared options without loading torch or MLflow.

    Raises:
        BenchError: for what is not known, not allowed or not here.
    """
    from bench.data.corpus import load_reader
    from bench.experiment.loading import check_seeds, load_experiment
    from bench.tracking.store import tracking_uri

    seeds = parse_seeds(selected["seeds"])
    if seeds is not None:
        check_seeds(seeds, where="--seeds")
    tracking_uri(selected["tracking_uri"])
    if selected["experiment"] is None or selected.get("resume"):
        return  # a search that goes on knows with what
    names = ("profile", "overrides", "corpus")
    experiment = load_experiment(selected["experiment"], **{name: selected[name] for name in names})
    for corpus in {variant.config.data.corpus for variant in experiment.variants.values()}:
        load_reader(corpus)


def open_plan(console: Console, selected: Mapping[str, Any]) -> "Planned":
    """Plan what the shared options selected, without its record, saying what is happening."""
    with console.status("loading the libraries") as status:
        # Here, not above: torch, MLflow and their kin take seconds, and nobody likes a dead screen.
        from bench.cli.session import Selection, plan_selection

        return plan_selection(Selection(**selected), say=lambda text: status.update(text))


def open_session(
    console: Console, selected: Mapping[str, Any], *, recorded: bool = False
) -> "Session":
    """Open what the shared options selected, saying what is happening.

    Args:
        console: where to say it.
        selected: values of the shared options, by name.
        recorded: whether there is nothing to do without a record; none is made then.
    """
    if recorded:
        from bench.tracking.store import refuse_new, tracking_uri

        refuse_new(tracking_uri(selected["tracking_uri"]), command=as_typed("run", selected))
    with console.status("loading the libraries") as status:
        from bench.cli.session import Selection, open_selection

        return open_selection(Selection(**selected), say=lambda text: status.update(text))
