"""`list`: the questions one can ask, and the corpora to ask them on."""

import click


@click.command("list")
def command() -> None:
    """List the experiments with their questions, and the corpora."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from bench.data.corpus import corpus_names, describe
    from bench.errors import ConfigError
    from bench.experiment.loading import experiment_names, find_experiment, read_document

    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("experiment", "question", "variants"):
        table.add_column(heading)
    for name in experiment_names():
        try:
            document = read_document(find_experiment(name))
        except ConfigError as error:  # the others can be run all the same
            table.add_row(name, f"[red]{escape(str(error))}[/]", "")
            continue
        variants = ", ".join(document.get("variants", {}))
        table.add_row(name, escape(str(document.get("question", ""))), escape(variants))
    console.print(table)
    console.print()
    corpora = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("corpus", "what it is"):
        corpora.add_column(heading)
    for name in corpus_names():
        corpora.add_row(name, describe(name))
    corpora.add_row("PATH", describe("files"))
    console.print(corpora)
