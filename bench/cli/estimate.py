"""How long a search would take, by the second epoch of every variant."""

import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from rich.console import Console

from bench.cli.progress import clock
from bench.engine.executors.contract import EpochEnded, Event, Failed, Started, Task
from bench.engine.executors.processes import ProcessExecutor
from bench.errors import BenchError
from bench.experiment.search import SearchConfig
from bench.experiment.search_table import with_settings
from bench.search.making import fixed_settings
from bench.session.session import Planned


def print_estimate(
    console: Console, planned: Planned, config: SearchConfig, executor: ProcessExecutor
) -> None:
    """Train two epochs of every variant as a trial would be, and say what all would take."""
    own_epochs = {spec.variant: spec.config.training.num_epochs for spec in planned.specs}
    fixed = fixed_settings(config)
    num_epochs = {
        spec.variant: with_settings(spec.config, fixed, where=spec.variant).training.num_epochs
        for spec in planned.specs
    }
    with console.status("training two epochs of each variant"):
        seconds = _measure_epochs(planned, executor)
    jobs = executor.num_workers
    retrials = config.finalists * config.fresh_seeds
    per_trial = sum(seconds[name] * num_epochs[name] for name in seconds)
    per_run = sum(seconds[name] * own_epochs[name] for name in seconds)
    parts = {
        "trials": config.trials * per_trial,
        "the best again": retrials * per_trial,
        "the comparison": len(planned.experiment.seeds) * per_run,
    }
    measured = ", ".join(f"{name} {each:.1f} s" for name, each in seconds.items())
    console.print(f"an epoch, with its evaluation: {measured}", highlight=False)
    steps = ", ".join(f"{name} {clock(each / jobs)}" for name, each in parts.items())
    console.print(
        f"about {clock(sum(parts.values()) / jobs)} in all, {jobs} at a time: {steps}",
        highlight=False,
    )


def _measure_epochs(planned: Planned, executor: ProcessExecutor) -> dict[str, float]:
    """Return the seconds of an epoch by variant, with as many at a time as there would be."""
    first = [spec for spec in planned.specs if spec.seed == planned.specs[0].seed]
    began: dict[str, float] = {}
    seconds: dict[str, float] = {}

    def hear(event: Event) -> bool:
        match event:
            case Started():
                began[event.spec.variant] = perf_counter()
            case EpochEnded():
                now, variant = perf_counter(), event.spec.variant
                seconds[variant] = now - began[variant]
                began[variant] = now  # a second epoch tells it without the loading of libraries
                return event.record.epoch < 2
            case Failed():
                raise BenchError(f"{event.spec.variant}: {event.reason}")
        return True

    with tempfile.TemporaryDirectory() as folder:
        tasks = [
            Task(
                spec=replace(spec, trial=0),
                data_folder=planned.data[spec.data_fingerprint].folder,
                run_folder=Path(folder) / spec.variant,
                device=str(planned.device),
                opens_test=False,
            )
            for spec in first
        ]
        executor.run(tasks, hear)
    return seconds
