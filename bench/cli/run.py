"""`run`: do what an experiment still lacks, and answer its question."""

import os
import sys
from typing import Any

import click
from rich.console import Console

from bench.cli.opening import open_session
from bench.cli.options import experiment_options


@click.command("run")
@experiment_options
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Runs at a time; default: one per CPU core."
)
@click.option("--force", is_flag=True, help="Do finished runs again.")
def command(jobs: int | None, force: bool, **selected: Any) -> None:
    """Run EXPERIMENT: every variant with every seed, then the answer.

    A finished run is never done twice and an interrupted one goes on where it stopped, so the same
    command may be given again at any time.
    """
    console = Console()
    cores = _count_cores()
    session = open_session(console, selected, num_processes=cores)

    from bench.cli.progress import RunProgress
    from bench.cli.session import compare_results
    from bench.cli.summaries import summarise
    from bench.cli.tables import print_comparison
    from bench.engine.executors.processes import ProcessExecutor
    from bench.engine.scheduling import run_all
    from bench.tracking.provenance import command_line, provenance

    on_gpu = session.device.type == "cuda"
    jobs = jobs or (1 if on_gpu else cores)
    executor = ProcessExecutor(num_workers=jobs, threads_per_worker=max(1, cores // jobs))
    console.print(
        f"{session.experiment.name}: {len(session.specs)} runs "
        f"({len(session.experiment.variants)} variants × {len(session.experiment.seeds)} seeds), "
        f"{jobs} at a time on {session.device}",
        highlight=False,
    )
    identities = [spec.identity for spec in session.specs]
    num_done = 0 if force else len(session.tracker.find_results(identities))
    with RunProgress(console, num_runs=len(identities) - num_done) as progress:
        outcome = run_all(
            session.specs,
            session.data,
            executor=executor,
            tracker=session.tracker,
            tags={**provenance(), "command": command_line()},
            device=str(session.device),
            force=force,
            listen=progress,
        )
    if outcome.reused:
        console.print(f"{outcome.reused} runs had been done before and were not done again")
    comparison = compare_results(session, outcome.results)
    with console.status("writing the summary"):
        summarise(session, outcome.results, comparison)
    print_comparison(console, comparison)
    console.print(f"Look at every run: [bold]{_ui_command(selected)}[/]", highlight=False)
    if outcome.failures:
        console.print(f"\n[red]{len(outcome.failures)} runs failed:[/]")
        for failure in outcome.failures:
            console.print(f"  {failure.spec.name}: {failure.reason}", highlight=False)
        sys.exit(1)


def _count_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # those that this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ui_command(selected: dict[str, Any]) -> str:
    uri = selected["tracking_uri"]
    return "python -m bench ui" + (f" --tracking-uri {_shown(uri)}" if uri else "")


def _shown(uri: str) -> str:
    from bench.tracking.store import without_password

    return without_password(uri)
