"""`plan`: what would run, and what is done."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from bench.cli.opening import open_plan
from bench.cli.options import experiment_options
from bench.session.selection import Selection

if TYPE_CHECKING:
    from bench.experiment.planning import RunSpec
    from bench.session.session import Planned
    from bench.tracking.result import RunResult

LANGUAGES = {"fr": "French", "en": "English"}
MOST_MISSING = 5
"""Words without a vector that are named."""


@click.command("plan")
@experiment_options
def command(selection: Selection) -> None:
    """Show the runs of EXPERIMENT, and which of them are done. Nothing is trained."""
    console = Console()
    planned = open_plan(console, selection)
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
    for line in _tell_vectors(planned.specs):
        console.print(line, highlight=False, markup=False)


def _tell_vectors(specs: "Sequence[RunSpec]") -> Iterator[str]:
    """Say which words found a vector where embeddings begin at some, each set of vectors once."""
    variants = dict[str, dict[str, None]]()
    for spec in specs:
        ledger = json.loads(spec.vectors.ledger) if spec.vectors else {}
        for language, found in ledger.items():
            variants.setdefault(_told(language, found), {})[spec.variant] = None
    for told, names in variants.items():
        yield f"{', '.join(names)}: {told}"


def _told(language: str, found: "dict[str, Any]") -> str:
    origin = "the training split" if found["vectors"] == "train" else found["vectors"]
    told = (
        f"{origin} has a vector for {found['types_covered']:.1%} of the "
        f"{LANGUAGES[language]} words, {found['tokens_covered']:.1%} of their use in training"
    )
    if found["most_frequent_missing"]:
        told += f"; most often missing: {', '.join(found['most_frequent_missing'][:MOST_MISSING])}"
    skipped = [f"{count:,} {reason}" for reason, count in found["lines_skipped"].items()]
    return told + (f"; lines that could not be used: {', '.join(skipped)}" if skipped else "")


def _recorded(planned: "Planned") -> "dict[str, RunResult]":
    """Return what is recorded of these runs, by identity; no store is made to find nothing."""
    from bench.session.session import open_record
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
