"""`compare`: the answer from recorded results alone."""

from typing import Any

import click

from bench.cli.options import experiment_options


@click.command("compare")
@experiment_options
def command(**selected: Any) -> None:
    """Answer EXPERIMENT's question from what has been recorded. Nothing is trained."""
    from rich.console import Console

    from bench.cli.session import Selection, compare_results, open_session, require_results
    from bench.cli.tables import print_comparison

    console = Console()
    with console.status("loading the libraries") as status:
        session = open_session(
            Selection(**selected), num_processes=1, say=lambda text: status.update(text)
        )
        results = require_results(session)
    print_comparison(console, compare_results(session, results))
