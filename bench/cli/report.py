"""`report`: the answer as files that can be committed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from bench.cli.opening import open_session
from bench.cli.options import experiment_options, search_options
from bench.session.selection import Selection, refuse_listed_seeds

if TYPE_CHECKING:
    from bench.search.record import SearchRecord
    from bench.session.session import Session

REPORTS = Path("reports")


@click.command("report")
@experiment_options
@search_options
@click.option("--search", is_flag=True, help="Of the variants as a search has tuned them.")
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to. Default: reports/EXPERIMENT, and in it a folder of its own for "
    "a search, or another profile or corpus than the experiment's.",
)
def command(
    selection: Selection,
    folder: Path | None,
    search: bool,
    storage: str | None,
    objectives: str | None,
) -> None:
    """Write EXPERIMENT's answer from recorded results, as pages, figures and numbers.

    Of a corpus that is not our own the files hold no sentence. Every recorded seed counts, unless
    --seeds says which. A discussion.md in the folder is taken into the pages, never overwritten.
    """
    console = Console()
    session = open_session(console, selection, recorded=True)

    from bench.report.folders import own_folder
    from bench.report.index import write_index
    from bench.report.pages import DISCUSSION, discusses_others, write_report
    from bench.session.gathering import gather
    from bench.session.session import require_results, with_recorded_seeds

    record = None
    if search:
        refuse_listed_seeds(selection.seeds)
        session, record = _tuned(session, storage, objectives)
    elif selection.seeds is None:
        session = with_recorded_seeds(session)
    results = require_results(session, maker="search" if search else "run")
    with console.status("writing the report"):
        report = gather(session, results, search=record)
        in_index = folder is None
        own = own_folder(
            report.profile,
            report.corpus if selection.corpus else "",
            adhoc=report.adhoc,
            seeds=(selection.seeds or "") if report.chosen_seeds else "",
        )
        folder = folder or REPORTS / session.experiment.name / ("search" if search else "") / own
        beside_others = discusses_others(folder, report)
        written = write_report(folder, report)
    console.print(f"written: {', '.join(map(str, written))}", highlight=False, markup=False)
    if beside_others:
        console.print(
            f"{folder / DISCUSSION} was written beside other scores than these: see what of it "
            "still holds",
            highlight=False,
            markup=False,
        )
    if in_index:
        written_too = write_index(REPORTS)
        said = "" if written_too else " is another file, and was left as it is"
        console.print(f"index: {REPORTS}/README.md{said}", highlight=False)


def _tuned(
    session: "Session", storage: str | None, objectives: str | None
) -> tuple["Session", "SearchRecord"]:
    """Return the tuned variants, and the search that tuned them."""
    from bench.search.storage import open_storage
    from bench.session.tuning import open_recorded

    tuning = open_recorded(session, open_storage(storage, recorded=True), objectives)
    record = tuning.record(tuning.finished_retrials(), importances=True)
    return tuning.tuned_session(record), record
