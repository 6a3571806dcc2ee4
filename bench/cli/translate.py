"""`translate`: French in, English out, by a trained model."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from bench.cli.opening import open_session
from bench.cli.options import experiment_options
from bench.session.selection import Selection

if TYPE_CHECKING:
    from bench.experiment.planning import RunSpec
    from bench.session.session import Session


@click.command("translate")
@experiment_options
@click.argument("texts", nargs=-1)
@click.option("--variant", help="Which variant's model; the best of all if not given.")
@click.option("--seed", type=int, help="Which seed's model; the best if not given.")
@click.option(
    "--beam",
    "beam_size",
    type=click.IntRange(min=1),
    help="Hypotheses carried along; 1 takes the likeliest word at each step. Default: as the "
    "experiment decodes.",
)
def command(
    selection: Selection,
    texts: tuple[str, ...],
    variant: str | None,
    seed: int | None,
    beam_size: int | None,
) -> None:
    """Translate TEXTS, or the lines of standard input, with EXPERIMENT's best model.

    Best is what had the highest BLEU on the validation split.
    """
    console = Console(stderr=True)
    session = open_session(console, selection, recorded=True)

    from bench.evaluation.translator import MAX_LENGTH, Translator
    from bench.session.session import with_recorded_seeds

    if selection.seeds is None:
        session = with_recorded_seeds(session)
    spec = _best_run(session, variant=variant, seed=seed)
    with console.status(f"loading {spec.name}"), tempfile.TemporaryDirectory() as folder:
        found = session.tracker.download_translator(spec.identity, Path(folder))
        translator = Translator.load(found, device=session.device)
    console.print(
        f"{session.experiment.name}, {spec.name}", style="dim", highlight=False, markup=False
    )
    lines = texts or _typed(console)
    _refuse_other_encodings(lines)
    how = spec.config.evaluation
    for translation in translator.translate(
        lines,
        max_length=max(MAX_LENGTH, how.max_length),
        beam_size=beam_size or how.beam_size,
        length_penalty=how.length_penalty,
    ):
        click.echo(translation)


def _typed(console: Console) -> tuple[str, ...]:
    """Return the lines of standard input."""
    from bench.errors import BenchError

    if sys.stdin.isatty():
        console.print("French sentences, one a line; Ctrl-D ends them.", style="dim")
    try:
        return tuple(line.rstrip("\r\n") for line in sys.stdin)
    except UnicodeDecodeError as error:
        raise BenchError(f"standard input is not {error.encoding} ({error.reason})") from error


def _refuse_other_encodings(lines: Sequence[str]) -> None:
    """Refuse what Python let pass as bytes that are no text, as it does in some locales."""
    from bench.errors import BenchError

    for number, line in enumerate(lines, start=1):
        if any("\ud800" <= letter <= "\udfff" for letter in line):
            raise BenchError(f"sentence {number} is not UTF-8: {line!a}")


def _best_run(session: "Session", *, variant: str | None, seed: int | None) -> "RunSpec":
    """Return the finished run, of this variant and seed if they are given, that validated best."""
    from bench.errors import BenchError, UnknownNameError
    from bench.session.session import require_results

    variants = session.experiment.variants
    if variant is not None and variant not in variants:
        raise UnknownNameError("variant", variant, variants, where="--variant")
    results = require_results(session)
    candidates = [
        spec
        for spec in session.specs
        if spec.identity in results
        and results[spec.identity].outcome == "finished"
        and variant in {None, spec.variant}
        and seed in {None, spec.seed}
    ]
    if not candidates:
        raise BenchError(
            f"no finished run of {session.experiment.name} with this variant and seed; "
            f"{session.selection.typed('plan')} shows what there is"
        )
    return max(candidates, key=lambda spec: results[spec.identity].validation_bleu)
