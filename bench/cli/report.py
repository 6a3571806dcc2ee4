"""`report`: the answer as files that can be committed."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from bench.cli.opening import open_session
from bench.cli.options import experiment_options

REPORTS = Path("reports")


@click.command("report")
@experiment_options
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to. Default: reports/EXPERIMENT/PROFILE-CORPUS.",
)
def command(folder: Path | None, **selected: Any) -> None:
    """Write EXPERIMENT's answer from recorded results: figures, and no sentence of the corpus."""
    console = Console()
    session = open_session(console, selected)

    from bench.cli.session import compare_results, require_results
    from bench.comparison.by_length import bleu_by_length
    from bench.comparison.scorecard import keep_score
    from bench.report.index import write_index
    from bench.report.page import Report, write_report

    results = require_results(session)
    first = next(spec for spec in session.specs if spec.identity in results)
    ledger = session.data[first.data_fingerprint].ledger
    corpus = Path(ledger.corpus).name
    in_index = folder is None
    folder = folder or REPORTS / first.experiment / f"{first.profile}-{corpus}"
    test = session.data[first.data_fingerprint].load_split("test")
    by_variant = {
        name: [
            results[spec.identity]
            for spec in session.specs
            if spec.variant == name and spec.identity in results
        ]
        for name in session.experiment.variants
    }
    write_report(
        folder,
        Report(
            experiment=session.experiment.name,
            comparison=compare_results(session, results),
            results=by_variant,
            tags=session.tracker.provenance(results),
            ledger=dict(ledger.items()) | {"corpus": corpus},
            scorecard=keep_score(
                session.experiment.expected, by_variant, baseline=session.experiment.baseline
            ),
            by_length=bleu_by_length(by_variant, test.pairs, lowercase=first.config.data.lowercase),
            configs={spec.variant: spec.to_toml() for spec in session.specs[: len(by_variant)]},
        ),
    )
    console.print(f"written: {folder}/README.md, results.json, overview.svg", highlight=False)
    if in_index:
        write_index(REPORTS)
        console.print(f"index: {REPORTS}/README.md", highlight=False)
