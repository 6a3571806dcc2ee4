"""`search`: tune every variant under the same budget."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from bench.cli.opening import open_session
from bench.cli.options import experiment_options

if TYPE_CHECKING:
    from bench.cli.session import Session
    from bench.experiment.search import SearchConfig
    from bench.search.study import VariantStudy


@click.command("search")
@experiment_options
@click.option("--trials", type=click.IntRange(min=1), help="Trials per variant, earlier ones too.")
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Trials at a time; default: one per CPU core."
)
@click.option(
    "--storage",
    metavar="URL|FILE",
    help="Where studies are kept: sqlite:///FILE, postgresql://… or a journal file. Default: "
    "optuna.journal in this folder.",
)
@click.option("--variants", metavar="A,B,…", help="Tune these alone; the baseline among them.")
@click.option("--dry-run", is_flag=True, help="Show the space and what would be done.")
def command(
    trials: int | None,
    jobs: int | None,
    storage: str | None,
    variants: str | None,
    dry_run: bool,
    **selected: Any,
) -> None:
    """Tune every variant of EXPERIMENT with the same space, sampler and number of trials.

    The space is in the experiment file's [search] table. Trials are scored on the validation split;
    the test split stays closed. The same command does what is lacking, whatever became of the one
    before, and on several machines at once if they share the storage.
    """
    from bench.cli.run import count_cores

    console = Console()
    cores = count_cores()
    session = open_session(console, selected, num_processes=cores)
    if variants is not None:
        from bench.cli.session import with_variants

        session = with_variants(session, [name.strip() for name in variants.split(",")])
    config = _search_config(session, trials)
    _print_space(console, config, list(session.experiment.variants))
    if dry_run:
        return

    from bench.cli.progress import RunProgress
    from bench.engine.executors.processes import ProcessExecutor
    from bench.search.searching import search_all
    from bench.tracking.provenance import command_line, provenance

    studies = _open_studies(session, config, storage, selected)
    jobs = jobs or (1 if session.device.type == "cuda" else cores)
    lacking = sum(max(0, config.trials - len(study.finished())) for study in studies.values())
    with RunProgress(console, num_runs=lacking) as progress:
        search_all(
            studies,
            session.data,
            executor=ProcessExecutor(num_workers=jobs, threads_per_worker=max(1, cores // jobs)),
            tracker=session.tracker,
            tags={**provenance(), "command": command_line()},
            device=str(session.device),
            listen=progress,
        )
    for study in studies.values():
        session.tracker.finish_study(study.name, note=study.summary(), metrics=study.figures())
    _print_best(console, config, studies)
    failed = [name for study in studies.values() for name in study.failures()]
    if failed:
        console.print(f"\n[red]{len(failed)} trials failed:[/] {', '.join(failed)}")
        sys.exit(1)


def _search_config(session: "Session", trials: int | None) -> "SearchConfig":
    from bench.errors import ConfigError

    config, name = session.experiment.search, session.experiment.name
    if not config.space:
        raise ConfigError(
            f"{name} has no search space; its file needs a table such as\n\n"
            "[search.space]\n"
            "training.learning_rate = {low = 1e-3, high = 1e-2, log = true}"
        )
    sized = [key for key in config.space if key.endswith("hidden_size")]
    matched = [each.name for each in session.experiment.variants.values() if each.match_parameters]
    if sized and matched:
        raise ConfigError(
            f"{name}: {', '.join(sized)} cannot be searched while {', '.join(matched)} must match "
            "another variant's parameters"
        )
    return config if trials is None else replace(config, trials=trials)


def _open_studies(
    session: "Session", config: "SearchConfig", storage: str | None, selected: dict[str, Any]
) -> dict[str, "VariantStudy"]:
    from bench.report.folders import own_folder
    from bench.search.searching import study_name
    from bench.search.storage import open_storage
    from bench.search.study import VariantStudy

    kept = open_storage(storage)
    first = [spec for spec in session.specs if spec.seed == session.specs[0].seed]
    corpus = session.data[first[0].data_fingerprint].ledger.corpus
    suffix = own_folder(
        first[0].profile,
        corpus if selected["corpus"] else "",
        adhoc=bool(session.experiment.adhoc),
    )
    return {
        spec.variant: VariantStudy(kept, study_name(spec, suffix=suffix), config, spec)
        for spec in first
    }


def _print_space(console: Console, config: "SearchConfig", variants: list[str]) -> None:
    from bench.search.space import count_points, describe

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("setting")
    table.add_column("values")
    for name, dimension in config.space.items():
        table.add_row(name, describe(dimension))
    console.print(table)
    points = count_points(config.space)
    console.print(
        f"{'no end of' if points is None else f'{points:,}'} points; {config.trials} trials for "
        f"each of {', '.join(variants)}, {config.sampler}, by validation {config.metric}",
        highlight=False,
    )


def _print_best(
    console: Console, config: "SearchConfig", studies: dict[str, "VariantStudy"]
) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    headings = ("variant", "trials", "pruned", f"best {config.metric}", *config.space)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "variant" else "right")
    for variant, study in studies.items():
        best, counts = study.best(), study.counts()
        settings = (
            [
                f"{best.params[name]:.3g}"
                if isinstance(best.params[name], float)
                else str(best.params[name])
                for name in config.space
            ]
            if best
            else []
        )
        table.add_row(
            variant,
            str(counts.done),
            str(counts.pruned),
            f"{best.value:.2f}" if best else "–",
            *settings,
        )
    console.print()
    console.print(table)
    console.print(
        "\nBest of so many on the validation split: no comparison of variants yet, since the best "
        "of several is partly luck.",
        style="dim",
        highlight=False,
    )
