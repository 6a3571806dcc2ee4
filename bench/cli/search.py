"""`search`: tune every variant under the same budget, and compare what was found."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from bench.cli.opening import open_plan, open_session
from bench.cli.options import (
    perhaps_experiment_options,
    search_options,
)
from bench.cli.words import count, plural
from bench.cli.workers import open_workers
from bench.session.selection import Selection, refuse_listed_seeds

SECONDS_BETWEEN_LOOKS = 5.0

if TYPE_CHECKING:
    from bench.engine.executors.processes import ProcessExecutor
    from bench.experiment.search import SearchConfig
    from bench.search.record import StudyRecord
    from bench.search.study import VariantStudy
    from bench.session.session import AnyPlanned, Session
    from bench.session.tuning import Tuning


@click.command("search")
@perhaps_experiment_options
@search_options
@click.option("--trials", type=click.IntRange(min=1), help="Trials per variant, earlier ones too.")
@click.option("--variants", metavar="A,B,…", help="Tune these alone; the baseline among them.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Trials at a time; default: one per CPU core, or per GPU.",
)
@click.option(
    "--resume", is_flag=True, help="Go on with the last search of this storage, as it was begun."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show the space, train two epochs of each variant, and say how long all would take.",
)
def command(  # noqa: PLR0913 - the options of the command
    selection: Selection,
    trials: int | None,
    variants: str | None,
    objectives: str | None,
    jobs: int | None,
    storage: str | None,
    resume: bool,
    dry_run: bool,
) -> None:
    """Tune every variant of EXPERIMENT with the same space, sampler and number of trials.

    The space is in the experiment file's [search] table. Trials are scored on the validation split;
    the test split stays closed. The best of each variant are trained again with fresh seeds, the
    winners compared with yet other ones. The same command does what is lacking, whatever became of
    the one before, and on several machines at once if they share the storage.
    """
    console = Console()
    if resume:
        _refuse_settings()
        selection, asked = _resumed(storage, selection)
        variants = variants or asked["variants"]
        objectives = objectives or asked["objectives"]
        trials = trials or asked["trials"]
    if not selection.experiment:
        raise click.UsageError("Missing argument 'EXPERIMENT' (or --resume).")
    refuse_listed_seeds(selection.seeds)

    with open_workers(console, jobs=jobs, device=selection.device) as executor:
        asked_for = variants, {"trials": trials, "objectives": objectives}
        if dry_run:
            planned, config = _show_space(console, open_plan(console, selection), *asked_for)

            from bench.cli.estimate import print_estimate

            print_estimate(console, planned, config, executor)
            return
        session, config = _show_space(console, open_session(console, selection), *asked_for)

        from bench.search.storage import open_storage, storage_errors
        from bench.session.tuning import note_asked, open_tuning

        storing = open_storage(storage)
        with storage_errors():
            tuning = open_tuning(session, config, storing)
            note_asked(tuning, variants)
            _tune(console, tuning, executor)


def _show_space(
    console: Console, planned: "AnyPlanned", variants: str | None, choices: Mapping[str, Any]
) -> "tuple[AnyPlanned, SearchConfig]":
    """Print what will be searched; return the variants asked for, and how they are searched."""
    from bench.cli.search_tables import print_space
    from bench.session.session import with_variants
    from bench.session.tuning import parse_objectives, search_config

    if variants is not None:
        planned = with_variants(planned, [name.strip() for name in variants.split(",")])
    objectives = parse_objectives(choices["objectives"])
    config = search_config(planned, {**choices, "objectives": objectives})
    print_space(console, config, list(planned.experiment.variants))
    return planned, config


def _tune(console: Console, tuning: "Tuning", executor: "ProcessExecutor") -> None:
    """Do the trials, the best of them with fresh seeds, then the comparison of the winners."""
    from bench.cli.run import end_with, run_lacking
    from bench.cli.search_tables import describe_standing, print_search
    from bench.cli.tables import print_comparison
    from bench.search.reading import read_study
    from bench.session.answering import look
    from bench.session.summaries import summarise, summarise_studies

    _do_trials(
        console,
        tuning.session,
        tuning.studies,
        executor,
        noun="trial",
        standing=lambda: describe_standing(tuning.studies),
    )
    console.print(describe_standing(tuning.studies), highlight=False)
    retrials = tuning.retrials()
    again = "run of the best trials, with fresh seeds"
    _do_trials(console, tuning.session, retrials, executor, noun=again)
    with console.status("reading the studies"):
        record = tuning.record(retrials, importances=True)
        tuned = tuning.tuned_session(record)
    outcome = run_lacking(console, tuned, executor)
    with console.status("resampling the test sentences, and writing the summary"):
        comparison = look(tuned, outcome.results)
        summarise(tuned, outcome.results, comparison)
        summarise_studies(tuning.session, record, retrials)
    print_search(console, record)
    print_comparison(console, comparison, tuned.experiment.expected)
    _name_failed(console, [*record.studies.values(), *map(read_study, retrials.values())])
    end_with(console, outcome)


def _do_trials(
    console: Console,
    session: "Session",
    studies: Mapping[str, "VariantStudy"],
    executor: "ProcessExecutor",
    *,
    noun: str,
    standing: Callable[[], str] = str,
) -> None:
    """Do what is lacking of these studies, with live progress."""
    from bench.cli.progress import RunProgress
    from bench.search.searching import search_all
    from bench.tracking.provenance import command_line, provenance

    lacking = sum(study.num_lacking() for study in studies.values())
    if not lacking:
        console.print(f"{plural(noun)}: all done before", highlight=False)
        return
    at_a_time = f"{executor.num_workers} at a time on {session.device}"
    console.print(f"{count(lacking, noun)}, {at_a_time}", highlight=False)
    with RunProgress(console, num_runs=lacking, noun="trials", standing=standing) as progress:
        while True:
            search_all(
                studies,
                session.data,
                executor=executor,
                tracker=session.tracker,
                tags={**provenance(), "command": command_line()},
                device=str(session.device),
                listen=progress,
            )
            if not any(study.num_running() for study in studies.values()):
                return
            # Another command is at work on the last ones; should it die, they are done here.
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _resumed(storage: str | None, selection: Selection) -> tuple[Selection, dict[str, Any]]:
    """Return what the last search selected, but for where, and what else it asked for."""
    from bench.search.storage import open_storage
    from bench.session.tuning import ASKED_ABOUT, last_asked

    asked = last_asked(open_storage(storage, recorded=True), selection.experiment)
    same = {name: asked[name] for name in ASKED_ABOUT}
    return replace(selection, **{**same, "seeds": selection.seeds or asked["seeds"]}), asked


def _refuse_settings() -> None:
    context = click.get_current_context()
    for name, option in (("profile", "--profile"), ("corpus", "--corpus"), ("overrides", "--set")):
        if context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--resume goes on with the search's settings: leave {option} away."
            )


def _name_failed(console: Console, studies: Sequence["StudyRecord"]) -> None:
    failed = [
        f"{study.name} #{trial.number}"
        for study in studies
        for trial in study.trials
        if trial.state == "failed"
    ]
    if failed:
        console.print(f"\n[red]{count(len(failed), 'trial')} failed:[/] {', '.join(failed)}")
        sys.exit(1)
