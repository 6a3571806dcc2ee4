"""`compare`: the answer from recorded results alone."""

from typing import Any

import click
from rich.console import Console

from bench.cli.opening import open_session
from bench.cli.options import experiment_options


@click.command("compare")
@experiment_options
def command(**selected: Any) -> None:
    """Answer EXPERIMENT's question from what has been recorded. Nothing is trained."""
    console = Console()
    session = open_session(console, selected)

    from bench.cli.session import compare_results, require_results
    from bench.cli.tables import print_comparison

    print_comparison(console, compare_results(session, require_results(session)))
