"""`speed`: how fast a variant trains and decodes on this machine, and beside others."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from bench.cli.opening import open_plan
from bench.cli.options import experiment_options
from bench.cli.words import count
from bench.files import write_whole
from bench.session.selection import Selection

if TYPE_CHECKING:
    from bench.experiment.planning import RunSpec
    from bench.speed.figures import DecodingSpeed, Speed, Spread, Tracking

PEERS = ("lesson", "joeynmt", "opennmt")


@click.command("speed")
@experiment_options
@click.argument("variant", required=False)
@click.option("--against", type=click.Choice(PEERS), help="Train another program in turns.")
@click.option(
    "--peer-python",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Interpreter of the environment that it is installed in.",
)
@click.option(
    "--rounds",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    help="Whose median and spread are told.",
)
@click.option(
    "--batches", default=10, show_default=True, type=click.IntRange(min=1), help="In a round."
)
@click.option(
    "--steps",
    default=0,
    type=click.IntRange(min=0),
    help="Training steps that both take before they decode, if more than the rounds have.",
)
@click.option(
    "--jobs",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Also train so many at a time, each in a process of its own, beside one alone.",
)
@click.option(
    "--threads",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Of each process, and of the other program.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the figures to, as JSON with hardware and versions.",
)
def command(  # noqa: PLR0913 - the options of the command
    selection: Selection,
    variant: str | None,
    against: str | None,
    peer_python: Path | None,
    rounds: int,
    batches: int,
    steps: int,
    jobs: int,
    threads: int,
    folder: Path | None,
) -> None:
    """Measure VARIANT (default: the baseline) of EXPERIMENT on this machine.

    Training is measured in rounds, in turns with another program if one is named, so that both
    meet the same conditions. Nothing is recorded in MLflow.
    """
    console = Console()
    planned = open_plan(console, selection)

    from bench.errors import UnknownNameError
    from bench.speed.measurement import measure
    from bench.speed.peers import open_peer
    from bench.training.device import prepare_arithmetic

    variant = variant or planned.experiment.baseline
    if variant not in planned.experiment.variants:
        raise UnknownNameError("variant", variant, planned.experiment.variants, where="speed")
    spec = next(spec for spec in planned.specs if spec.variant == variant)
    data = planned.data[spec.data_fingerprint]
    prepare_arithmetic(threads)
    with (
        console.status("loading") as status,
        open_peer(against, spec, data, planned.device, python=peer_python) as peer,
    ):
        speed = measure(
            spec,
            data,
            planned.device,
            peer=peer,
            num_rounds=rounds,
            num_batches=batches,
            steps_before_decoding=steps,
            num_jobs=jobs,
            say=lambda text: status.update(text),
        )
    _print(console, speed)
    if folder is not None:
        _write(folder, spec, speed)


def _print(console: Console, speed: "Speed") -> None:
    console.print(
        f"{speed.variant} on {speed.device}, {speed.precision}, {count(speed.threads, 'thread')}",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("training", f"{_spread(speed.pairs_per_second)} pairs/s")
    shares = ", ".join(f"{name} {share:.0%}" for name, share in speed.shares.items())
    table.add_row("where it goes", shares)
    table.add_row("matrix products", _products(speed))
    table.add_row("tracking", _tracking(speed.tracking))
    if speed.ratio is not None and speed.peer_pairs_per_second is not None:
        table.add_row(speed.peer, f"{_spread(speed.peer_pairs_per_second)} pairs/s")
        table.add_row(f"against {speed.peer}", f"× {_spread(speed.ratio, '.2f')}")
    if speed.peer_versions:
        versions = (f"{name} {number}" for name, number in speed.peer_versions.items())
        table.add_row("its versions", ", ".join(versions))
    if speed.together is not None:
        took = _spread(speed.together.times, ".2f")
        table.add_row(f"{speed.together.runs} at a time", f"× {took} the time of one alone")
    for name, found in speed.decoding.items():
        _add_decoding(table, name, found, peer=speed.peer)
    console.print(table, highlight=False)
    console.print(f"Decoded after {speed.steps_before_decoding} steps.", highlight=False)


def _add_decoding(table: Table, name: str, found: "DecodingSpeed", *, peer: str) -> None:
    own = f"{_spread(found.sentences_per_second)} sentences/s"
    table.add_row(name, f"{own} of {found.tokens_per_sentence:.1f} tokens")
    if found.ratio is not None and found.peer_sentences_per_second is not None:
        theirs = f"{_spread(found.peer_sentences_per_second)} sentences/s"
        table.add_row(f"{peer}, {name}", f"{theirs} of {found.peer_tokens_per_sentence:.1f} tokens")
        table.add_row(f"against {peer}, {name}", f"× {_spread(found.ratio, '.2f')}")


def _products(speed: "Speed") -> str:
    square, alone = (_of_peak(speed, name) for name in speed.reached)
    return (
        f"{speed.operations_per_second / 1e9:,.0f} GFLOP/s without padding: {square} of a large "
        f"square, {alone} of its own products, each alone"
    )


def _tracking(found: "Tracking") -> str:
    return (
        f"{_spread(found.seconds, '.2f')} s a run, {_spread(found.share, '.2%')} of its "
        f"{found.training_seconds:,.0f} s of training, in another process"
    )


def _of_peak(speed: "Speed", name: str) -> str:
    return f"{_spread(speed.reached[name], '.0%')} of the {speed.peak[name] / 1e9:,.0f}"


def _spread(found: "Spread", form: str = ",.0f") -> str:
    if found.low == found.high:  # of one round
        return f"{found.median:{form}}"
    return f"{found.median:{form}} ({found.low:{form}} to {found.high:{form}})"


def _write(folder: Path, spec: "RunSpec", speed: "Speed") -> None:
    from bench.tracking.provenance import provenance

    folder.mkdir(parents=True, exist_ok=True)
    peer = f"-against-{speed.peer}" if speed.peer else ""
    record = {
        "experiment": spec.experiment,
        "profile": spec.profile,
        "date": datetime.now(UTC).date().isoformat(),
        **asdict(speed),
        "provenance": dict(provenance()),
        "data_fingerprint": spec.data_fingerprint,
        "seed": spec.seed,
        "settings": spec.params(),
    }
    file = folder / f"{spec.experiment}-{spec.variant}-{speed.precision}{peer}.json"
    write_whole(file, json.dumps(record, indent=1) + "\n")
