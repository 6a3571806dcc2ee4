"""Several runs at the same time on one machine, each in a process of its own, beside one alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

import torch

from bench.data.prepared import PreparedCorpus
from bench.engine.executors.processes import CONTEXT, STOP_SECONDS, deaf_to_ctrl_c
from bench.errors import BenchError
from bench.experiment.planning import RunSpec
from bench.speed.workload import Round, Workload
from bench.training.device import prepare_arithmetic


class SideBySide:
    """Processes that train the same run, some batches at a time."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        """Take over processes that wait for a number of batches."""
        self._connections = connections

    def __len__(self) -> int:
        return len(self._connections)

    def train(self, num_batches: int, *, runs: int) -> float:
        """Let the first `runs` processes take so many steps each at the same time.

        Returns:
            operations per second of all together, as `bench.speed.arithmetic` counts them: unlike
            pairs, they hold the lengths of the sentences that each happened to meet.

        Raises:
            BenchError: when one of them has died.
        """
        started = perf_counter()
        for connection in self._connections[:runs]:
            connection.send(num_batches)
        try:
            rounds: list[Round] = [connection.recv() for connection in self._connections[:runs]]
        except EOFError as error:
            raise BenchError("one of the runs has ended; what it said is above") from error
        return sum(each.operations for each in rounds) / (perf_counter() - started)


@contextmanager
def side_by_side(
    spec: RunSpec, data: PreparedCorpus, device: torch.device, *, runs: int
) -> Iterator[SideBySide]:
    """Open processes with as many threads each as this one has, and end them afterwards."""
    pipes = [CONTEXT.Pipe() for _ in range(runs)]
    processes = [
        CONTEXT.Process(
            target=_work,
            args=(theirs, spec, data.folder, str(device), torch.get_num_threads()),
            daemon=True,
        )
        for _, theirs in pipes
    ]
    with deaf_to_ctrl_c():
        for process in processes:
            process.start()
    for _, theirs in pipes:
        theirs.close()
    try:
        yield SideBySide([ours for ours, _ in pipes])
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(STOP_SECONDS)


def _work(
    connection: Connection, spec: RunSpec, folder: Path, device: str, num_threads: int
) -> None:
    prepare_arithmetic(num_threads)
    workload = Workload(spec, PreparedCorpus(folder), torch.device(device))
    with suppress(EOFError, BrokenPipeError):  # the command has died
        while True:
            connection.send(workload.train(connection.recv()))
