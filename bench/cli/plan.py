"""`plan`: what would run, and what is done."""

from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from bench.cli.opening import open_session
from bench.cli.options import experiment_options

if TYPE_CHECKING:
    from bench.experiment.planning import RunSpec


@click.command("plan")
@experiment_options
def command(**selected: Any) -> None:
    """Show the runs of EXPERIMENT, and which of them are done. Nothing is trained."""
    console = Console()
    session = open_session(console, selected)
    results = session.tracker.find_results([spec.identity for spec in session.specs])
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("run", "state", "identity"):
        table.add_column(heading)
    table.add_column("test BLEU", justify="right")
    for spec in session.specs:
        result = results.get(spec.identity)
        state = result.outcome if result else _begun(spec)
        bleu = f"{result.test['bleu']:.2f}" if result and result.test else ""
        table.add_row(spec.name, state, spec.identity, bleu)
    console.print(table)
    ledger = session.data[session.specs[0].data_fingerprint].ledger
    console.print(
        f"{len(results)} of {len(session.specs)} runs done. {ledger.corpus}: "
        f"{ledger.train_pairs:,} training, {ledger.validation_pairs:,} validation and "
        f"{ledger.test_pairs:,} test pairs; vocabularies of {ledger.source_vocabulary:,} French "
        f"and {ledger.target_vocabulary:,} English tokens.",
        highlight=False,
    )


def _begun(spec: "RunSpec") -> str:
    """Say how far a run is that has no result yet."""
    from bench.engine.scheduling import run_folder
    from bench.training.checkpoint import read_state

    epochs = len(read_state(run_folder(spec)).get("epochs", ()))
    return f"{epochs} of {spec.config.training.epochs} epochs" if epochs else "to do"
