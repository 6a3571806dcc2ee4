"""`compare`: the answer from recorded results alone."""

import click
from rich.console import Console

from bench.cli.opening import open_session
from bench.cli.options import experiment_options
from bench.cli.words import count
from bench.session.selection import Selection


def _simulate(ctx: click.Context, _: click.Parameter, num_experiments: int | None) -> None:
    """Print how often the verdicts are right, and leave."""
    if num_experiments is None:
        return
    from bench.cli.calibration import print_calibration

    print_calibration(Console(), num_experiments=num_experiments)
    ctx.exit()


@click.command("compare")
@experiment_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown", "csv"]),
    default="table",
    show_default=True,
    help="How to write it to standard output.",
)
@click.option(
    "--simulate",
    type=click.IntRange(min=1),
    is_flag=False,
    flag_value=1_000,
    metavar="[N]",
    is_eager=True,
    expose_value=False,
    callback=_simulate,
    help="Show, by N simulated experiments (1,000 if not given) of each kind, how often the "
    "verdicts are right; needs no EXPERIMENT.",
)
def command(selection: Selection, form: str) -> None:
    """Answer EXPERIMENT's question from what has been recorded. Nothing is trained.

    Every recorded seed counts, unless --seeds says which.
    """
    console = Console(stderr=form != "table")
    session = open_session(console, selection, recorded=True)

    from bench.cli.tables import print_comparison
    from bench.report.formats import FORMATS
    from bench.session.answering import look_again
    from bench.session.session import other_seeds, require_results, with_recorded_seeds

    if selection.seeds is None:
        session = with_recorded_seeds(session)
    results = require_results(session)
    with console.status("resampling the test sentences"):
        comparison, seen = look_again(session, results)
    if others := sorted(other_seeds(session)):
        listed = ", ".join(map(str, others))
        console.print(f"[yellow]Not counted:[/] seeds recorded beside, {listed}", highlight=False)
    if seen:
        console.print(f"Kept on record: this answer has been seen with {count(seen, 'seed')}")
    if form == "table":
        print_comparison(console, comparison, session.experiment.expected)
    else:
        click.echo(FORMATS[form](comparison), nl=False)
