"""Who does a command's runs: processes that load their libraries while the session opens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from bench.processes import count_cores

if TYPE_CHECKING:
    from bench.engine.executors.processes import ProcessExecutor


@contextmanager
def open_workers(console: Console, *, jobs: int | None, device: str) -> Iterator["ProcessExecutor"]:
    """Open the processes of a command.

    Args:
        console: where to say what is happening.
        jobs: runs at a time; None: one per core, or one per GPU.
        device: as it was asked for.
    """
    with console.status("loading the libraries"):
        from bench.engine.executors.processes import MOST_AHEAD, ProcessExecutor
        from bench.training.device import choose_device, gpus_of
    cores = count_cores()
    chosen = choose_device(device)
    gpus = gpus_of(chosen)
    jobs = jobs or (cores if chosen.type == "cpu" else max(1, len(gpus)))
    executor = ProcessExecutor(
        num_workers=jobs,
        gpus=gpus,
        # On one core less than there are: this process has libraries of its own to load meanwhile.
        ahead=min(MOST_AHEAD, max(1, cores - 1)),
    )
    with executor:
        yield executor
