"""`prepare`: make a corpus ready before anything is trained."""

import click


@click.command("prepare")
@click.argument("corpus")
@click.option(
    "--pairs", default=0, help="Pairs to draw from a generated corpus; its own default if not given."
)
def command(corpus: str, pairs: int) -> None:
    """Read, split, tokenise and cache CORPUS (a name or a path), and say what was found."""
    import os

    from rich.console import Console

    from bench.data.config import DataConfig
    from bench.data.preparation import prepare

    console = Console()
    with console.status("loading the libraries") as status:
        prepared = prepare(
            DataConfig(corpus=corpus, generated_pairs=pairs),
            num_processes=os.cpu_count() or 1,
            say=lambda text: status.update(text),
        )
    for key, value in prepared.ledger.items():
        console.print(f"{key:24} {value}", highlight=False)
    console.print(f"{'fingerprint':24} {prepared.fingerprint}", highlight=False)
