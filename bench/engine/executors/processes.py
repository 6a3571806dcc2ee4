"""Several runs at a time, each in a process of its own.

A worker process lives as long as there is work, so that the seconds it takes to load the libraries
are spent once. A worker that dies takes its one run with it; another takes its place.
"""

import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from bench.engine.executors.contract import (
    Ended,
    EpochEnded,
    Event,
    Failed,
    Listen,
    Started,
    Task,
    attempt,
)
from bench.training.device import prepare_arithmetic

CONTEXT = get_context("spawn")  # a forked copy of a process with threads may hang
STOP_SECONDS = 5.0


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: Connection
    task: Task | None = None


class ProcessExecutor:
    """Attempts tasks in `num_workers` processes, in their order as workers become free."""

    def __init__(self, *, num_workers: int, threads_per_worker: int = 1) -> None:
        """Choose how much to do at a time.

        Args:
            num_workers: processes.
            threads_per_worker: threads of torch's arithmetic in each. One by default: two
                processes of one thread do 1.7 times the work of one process of two. With more
                the last digits of a loss may be others.
        """
        self._num_workers = num_workers
        self._threads = threads_per_worker

    def run(self, tasks: Iterable[Task], listen: Listen) -> None:
        """Attempt every task once; whatever happens no worker is left behind."""
        waiting = iter(tasks)
        workers: list[_Worker] = []
        try:
            for task in islice(waiting, self._num_workers):
                workers.append(self._start())
                _give(workers[-1], task)
            while any(worker.task for worker in workers):
                self._turn(workers, waiting, listen)
        finally:
            _stop(workers)

    def _turn(self, workers: list[_Worker], waiting: Iterator[Task], listen: Listen) -> None:
        """Wait for news from any worker, pass it on, and hand out what is next."""
        busy = [worker for worker in workers if worker.task]
        ready = wait([worker.connection for worker in busy])
        for worker in busy:
            if worker.connection not in ready:
                continue
            event = _receive(worker)
            dead = not isinstance(event, Started) and not worker.process.is_alive()
            if isinstance(event, Ended | Failed):
                worker.task = None
            go_on = listen(event)
            if isinstance(event, EpochEnded):
                with suppress(BrokenPipeError, ConnectionResetError):  # it died: heard of next
                    worker.connection.send(go_on)
            if dead and isinstance(event, Failed):
                workers[workers.index(worker)] = worker = self._start()
            if worker.task is None and (task := next(waiting, None)):
                _give(worker, task)

    def _start(self) -> _Worker:
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=_work, args=(theirs, self._threads), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _work(connection: Connection, threads: int) -> None:
    """Attempt tasks from the connection until it closes, as it does when the parent dies."""
    # Ctrl-C reaches every process of a terminal; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare_arithmetic(threads)
    try:
        while True:
            attempt(connection.recv(), lambda event: _tell(connection, event))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _tell(connection: Connection, event: Event) -> bool:
    """Send an event to the parent, and after an epoch wait for its word whether to go on."""
    connection.send(event)
    return connection.recv() if isinstance(event, EpochEnded) else True


def _give(worker: _Worker, task: Task) -> None:
    worker.task = task
    worker.connection.send(task)


def _receive(worker: _Worker) -> Event:
    assert worker.task is not None
    try:
        event: Event = worker.connection.recv()
    except (EOFError, ConnectionResetError):
        worker.process.join(STOP_SECONDS)
        code = worker.process.exitcode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return Failed(worker.task.spec, f"its process died ({how})", "")
    return event


def _stop(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.connection.close()
        worker.process.terminate()
    for worker in workers:
        worker.process.join(STOP_SECONDS)
        if worker.process.is_alive():
            worker.process.kill()
