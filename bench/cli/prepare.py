"""`prepare`: make a corpus ready before anything is trained."""

import click


@click.command("prepare")
@click.argument("corpus")
@click.option(
    "--pairs",
    type=click.IntRange(min=0),
    default=0,
    help="Pairs to draw from a generated corpus; its own default if not given.",
)
@click.option(
    "--from",
    "origin",
    type=click.Path(exists=True),
    help="Folder or archive with a corpus that this machine does not have yet; without it a "
    "published corpus is fetched.",
)
def command(corpus: str, pairs: int, origin: str | None) -> None:
    """Read, split, tokenise and cache CORPUS (a name or a path), and say what was found."""
    from pathlib import Path

    from rich.console import Console

    from bench.data.config import DataConfig
    from bench.data.corpus import fetch_corpus, import_corpus, is_generated
    from bench.data.preparation import prepare
    from bench.errors import ConfigError

    if pairs and not is_generated(corpus):
        raise ConfigError(f"--pairs: {corpus} is not generated; it is taken whole")
    console = Console()
    with console.status("loading the libraries") as status:
        if origin is not None:
            said = import_corpus(corpus, Path(origin), status.update)
        else:
            said = fetch_corpus(corpus, status.update)
        if said:
            console.print(said, highlight=False, markup=False)
        prepared = prepare(
            DataConfig(corpus=corpus, generated_pairs=pairs),
            say=lambda text: status.update(text),
        )
    for key, value in prepared.ledger.items():
        shown = f"{value:.4f}" if isinstance(value, float) else value
        console.print(f"{key.replace('_', ' '):24} {shown}", highlight=False, markup=False)
    console.print(f"{'fingerprint':24} {prepared.fingerprint}", highlight=False)
    console.print(
        "Split and cut as by default. An experiment's profile may do so otherwise, and is prepared "
        "when it is first run; python -m bench plan EXPERIMENT --corpus CORPUS shows its numbers.",
        style="dim",
        highlight=False,
    )
