"""`dashboard`: Optuna's own pages on the studies of a storage."""

import click

from bench.cli.ports import PORT, refuse_taken


@click.command("dashboard")
@click.option("--storage", metavar="URL|FILE", help="Where studies are kept; as for search.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=PORT, default=8080, show_default=True, help="Where to listen.")
def command(storage: str | None, host: str, port: int) -> None:
    """Start Optuna's pages on this machine, until Ctrl-C."""
    from bench.search.dashboard import serve
    from bench.search.storage import DEFAULT_FILE, no_study, open_storage
    from bench.tracking.store import without_password

    kept = open_storage(storage, recorded=True)
    if not kept.get_all_studies():
        raise no_study(storage)
    shown = without_password(storage or DEFAULT_FILE)
    refuse_taken(host, port)
    click.echo(f"Studies of {shown} at http://{host}:{port}/dashboard")
    try:
        serve(kept, host=host, port=port)
    except KeyboardInterrupt:
        click.echo("Stopped.")
