"""`plan`: what would run, and what is done."""

from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from bench.cli.opening import open_plan
from bench.cli.options import experiment_options

if TYPE_CHECKING:
    from bench.cli.session import Planned
    from bench.experiment.planning import RunSpec
    from bench.tracking.result import RunResult


@click.command("plan")
@experiment_options
def command(**selected: Any) -> None:
    """Show the runs of EXPERIMENT, and which of them are done. Nothing is trained."""
    console = Console()
    planned = open_plan(console, selected)
    with console.status("reading the record"):
        results = _recorded(planned)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("run", "state", "identity"):
        table.add_column(heading)
    table.add_column("test BLEU", justify="right")
    for spec in planned.specs:
        result = results.get(spec.identity)
        state = result.outcome if result else _begun(spec)
        bleu = f"{result.test['bleu']:.2f}" if result and result.test else ""
        table.add_row(spec.name, state, spec.identity, bleu)
    console.print(table)
    ledger = planned.data[planned.specs[0].data_fingerprint].ledger
    console.print(
        f"{len(results)} of {len(planned.specs)} runs done. {ledger.corpus}: "
        f"{ledger.train_pairs:,} training, {ledger.validation_pairs:,} validation and "
        f"{ledger.test_pairs:,} test pairs; vocabularies of {ledger.source_vocabulary:,} French "
        f"and {ledger.target_vocabulary:,} English tokens.",
        highlight=False,
        markup=False,
    )


def _recorded(planned: "Planned") -> "dict[str, RunResult]":
    """Return what is recorded of these runs, by identity; no store is made to find nothing."""
    from bench.cli.session import open_record
    from bench.tracking.store import is_new

    if is_new(planned.uri):
        return {}
    tracker = open_record(planned).tracker
    return tracker.find_results([spec.identity for spec in planned.specs])


def _begun(spec: "RunSpec") -> str:
    """Say how far a run is that has no result yet."""
    from bench.engine.scheduling import run_folder
    from bench.training.checkpoint import read_state

    epochs = len(read_state(run_folder(spec)).get("epochs", ()))
    return f"{epochs} of {spec.config.training.num_epochs} epochs" if epochs else "to do"
