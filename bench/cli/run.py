"""`run`: do what an experiment still lacks, and answer its question."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from bench.cli.opening import open_session
from bench.cli.options import experiment_options
from bench.cli.words import count
from bench.cli.workers import open_workers
from bench.session.selection import Selection

if TYPE_CHECKING:
    from bench.comparison.comparison import Comparison
    from bench.engine.executors.processes import ProcessExecutor
    from bench.engine.scheduling import Outcome
    from bench.session.session import Session


@click.command("run")
@experiment_options
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Runs at a time; default: one per CPU core, or per GPU.",
)
@click.option("--force", is_flag=True, help="Do finished runs again, and forget what they came to.")
@click.option(
    "--until-decided",
    is_flag=True,
    help="Begin with --seeds, and add some until every verdict is decided, by a rule that allows "
    "for the looking.",
)
@click.option(
    "--max-seeds",
    type=click.IntRange(min=2, max=200),
    default=30,
    show_default=True,
    help="Most seeds with --until-decided.",
)
def command(
    selection: Selection, jobs: int | None, force: bool, until_decided: bool, max_seeds: int
) -> None:
    """Run EXPERIMENT: every variant with every seed, then the answer.

    A finished run is never done twice and an interrupted one goes on where it stopped, so the same
    command may be given again at any time.
    """
    if until_decided and force:
        raise click.UsageError("--until-decided and --force do not go together.")
    console = Console()
    with open_workers(console, jobs=jobs, device=selection.device) as executor:
        session = open_session(console, selection)

        from bench.session.session import with_seeds

        seeds = list(session.experiment.seeds)
        looks = _plan_looks(seeds, max_seeds) if until_decided else ()
        if looks:
            shown = ", ".join(map(str, looks))
            console.print(f"Until decided: looking after {shown} seeds", highlight=False)
            seeds += [seed for seed in range(1, max_seeds + 1) if seed not in seeds]
        for num_seeds in looks or (len(seeds),):
            session = with_seeds(session, seeds[:num_seeds])
            outcome = run_lacking(console, session, executor, force=force)
            if not outcome.results:
                end_with(console, outcome)
            with console.status("resampling the test sentences"):
                from bench.session.answering import look  # SciPy: not before the runs

                comparison = look(session, outcome.results, planned=looks)
            if comparison.decided or outcome.failures:
                break
            if looks and num_seeds != looks[-1]:
                _say_undetermined(console, comparison, num_seeds)
    with console.status("writing the summary"):
        from bench.cli.tables import print_comparison
        from bench.session.summaries import summarise

        summarise(session, outcome.results, comparison)
    print_comparison(console, comparison, session.experiment.expected)
    console.print(
        f"Look at every run: [bold]{_pages(session.uri, selection.tracking_uri)}[/]",
        highlight=False,
    )
    end_with(console, outcome)


def run_lacking(
    console: Console,
    session: "Session",
    executor: "ProcessExecutor",
    *,
    force: bool = False,
) -> "Outcome":
    """Do what is lacking of the plan, and wait for what another command of this machine does."""
    from bench.engine.scheduling import Outcome, taken, wait_for_others

    num_variants = len(session.experiment.variants)
    console.print(
        f"{session.experiment.name}: {count(len(session.specs), 'run')} "
        f"({count(num_variants, 'variant')} × "
        f"{count(len(session.specs) // num_variants, 'seed')}), "
        f"{executor.num_workers} at a time on {session.device}",
        highlight=False,
        markup=False,
    )
    outcome = _run_ours(console, session, executor, force=force)
    if outcome.reused:
        reused = count(outcome.reused, "run")
        console.print(f"{reused} had been done before and not again", highlight=False)
    while others := taken(outcome.failures):
        console.print(f"waiting for {count(len(others), 'run')} of another command")
        with console.status("waiting"):
            wait_for_others(others)
        late = _run_ours(console, replace(session, specs=others), executor, force=False)
        failures = [each for each in outcome.failures if each.spec not in others]
        results = {**outcome.results, **late.results}
        outcome = Outcome(results, [*failures, *late.failures], reused=outcome.reused)
    return outcome


def _run_ours(
    console: Console, session: "Session", executor: "ProcessExecutor", *, force: bool
) -> "Outcome":
    """Do what is lacking and nobody else does, with live progress."""
    from bench.cli.progress import RunProgress
    from bench.engine.scheduling import run_all
    from bench.tracking.provenance import command_line, provenance

    tags = {**provenance(), "command": command_line()}
    identities = [spec.identity for spec in session.specs]
    done = {} if force else session.tracker.find_results(identities)
    with RunProgress(console, num_runs=len(identities) - len(done)) as progress:
        return run_all(
            session.specs,
            session.data,
            executor=executor,
            tracker=session.tracker,
            tags=tags,
            device=str(session.device),
            force=force,
            listen=progress,
        )


def end_with(console: Console, outcome: "Outcome") -> None:
    """Name the runs that failed, and leave with an exit code that says so."""
    if outcome.failures:
        console.print(f"\n[red]{count(len(outcome.failures), 'run')} failed:[/]")
        for failure in outcome.failures:
            console.print(f"  {failure.spec.name}: {escape(failure.reason)}", highlight=False)
        sys.exit(1)


def _plan_looks(seeds: Sequence[int], max_seeds: int) -> tuple[int, ...]:
    from bench.comparison.looks import plan_looks
    from bench.errors import ConfigError

    if not 2 <= len(seeds) <= max_seeds:
        raise ConfigError(
            f"--until-decided begins with at least 2 seeds and at most --max-seeds {max_seeds}; "
            f"here it would begin with {len(seeds)}"
        )
    return plan_looks(len(seeds), max_seeds)


def _say_undetermined(console: Console, comparison: "Comparison", num_seeds: int) -> None:
    open_ones = [
        row.variant
        for row in comparison.rows
        if not row.is_baseline
        and (row.difference is None or row.difference.verdict == "undetermined")
    ]
    console.print(
        f"after {num_seeds} seeds undetermined: {', '.join(open_ones)}; going on", highlight=False
    )


def _pages(uri: str, given: str | None) -> str:
    """Say where MLflow's pages are: a server has its own, a database is shown by a command."""
    from bench.tracking.store import is_server, without_password

    if is_server(uri):
        return without_password(uri)
    option = f" --tracking-uri {without_password(given)}" if given else ""
    return f"python -m bench ui{option}"
