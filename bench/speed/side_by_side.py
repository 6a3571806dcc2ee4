"""Several runs at the same time on one machine, each in a process of its own, beside one alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

import torch

from bench.data.prepared import PreparedCorpus
from bench.errors import BenchError
from bench.experiment.planning import RunSpec
from bench.processes import Child, ProcessDied, end_with_parent, ignore_ctrl_c, start, stop
from bench.speed.workload import Round, Workload
from bench.training.device import gpus_of, prepare_arithmetic


class SideBySide:
    """Processes that train the same run, some batches at a time."""

    def __init__(self, children: Sequence[Child]) -> None:
        """Take over processes that wait for a number of batches."""
        self._children = children

    def __len__(self) -> int:
        return len(self._children)

    def train(self, num_batches: int, *, runs: int) -> float:
        """Let the first `runs` processes take so many steps each at the same time.

        Returns:
            operations per second of all together, as `bench.speed.arithmetic` counts them: unlike
            pairs, they hold the lengths of the sentences that each happened to meet.

        Raises:
            BenchError: when one of them has died.
        """
        started, at_work = perf_counter(), self._children[:runs]
        try:
            for child in at_work:
                child.send(num_batches)
            rounds: list[Round] = [child.receive() for child in at_work]
        except ProcessDied as died:
            raise BenchError(f"one of the runs has ended ({died}); what it said is above") from died
        return sum(each.operations for each in rounds) / (perf_counter() - started)


@contextmanager
def side_by_side(
    spec: RunSpec, data: PreparedCorpus, device: torch.device, *, runs: int
) -> Iterator[SideBySide]:
    """Open processes with as many threads each as this one has, and end them afterwards.

    Of several GPUs they take one after the other, as runs do.
    """
    children: list[Child] = []
    gpus = gpus_of(device)
    try:
        for number in range(runs):
            environment = {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} if gpus else None
            threads = torch.get_num_threads()
            children.append(
                start(_work, spec, data.folder, str(device), threads, environment=environment)
            )
        yield SideBySide(children)
    finally:
        stop(children)


def _work(
    connection: Connection, spec: RunSpec, folder: Path, device: str, num_threads: int
) -> None:
    ignore_ctrl_c()
    end_with_parent()
    prepare_arithmetic(num_threads)
    workload = Workload(spec, PreparedCorpus(folder), torch.device(device))
    with suppress(EOFError, ConnectionError):  # the command has died
        while True:
            connection.send(workload.train(connection.recv()))
