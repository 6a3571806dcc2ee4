"""Several runs at a time, each in a process of its own.

A worker process lives as long as there is work, so that the seconds it takes to load the libraries
are spent once; within `with` it is there before and between, and loads them while others open their
files. A worker that dies takes its one run with it; another takes its place.
"""

import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import current_thread, main_thread
from typing import Self

import torch

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
MOST_AHEAD = 4
"""Workers started before it is known how much there is to do; each holds 300 MB."""


@dataclass(slots=True, eq=False)
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
        self.num_workers = num_workers
        self._threads = threads_per_worker
        self._waiting: list[_Worker] = []
        self._kept = False

    def __enter__(self) -> Self:
        """Start workers that load their libraries until there is work, and keep all there are."""
        self._kept = True
        self._waiting = [self._start() for _ in range(min(self.num_workers, MOST_AHEAD))]
        return self

    def __exit__(self, *_: object) -> None:
        """End the workers."""
        self._kept = False
        _stop(self._waiting)
        self._waiting = []

    def run(self, tasks: Iterable[Task], listen: Listen) -> None:
        """Attempt every task once; whatever happens no worker is left at work."""
        coming = iter(tasks)
        workers: list[_Worker] = []
        try:
            for task in islice(coming, self.num_workers):
                workers.append(self._take())
                _give(workers[-1], task)
            while any(worker.task for worker in workers):
                self._turn(workers, coming, listen)
        finally:
            idle = [worker for worker in workers if self._kept and not worker.task]
            self._waiting += idle
            _stop([worker for worker in workers if worker not in idle])

    def _turn(self, workers: list[_Worker], coming: Iterator[Task], listen: Listen) -> None:
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
            if worker.task is None and (task := next(coming, None)):
                _give(worker, task)

    def _take(self) -> _Worker:
        """Return a worker without a task."""
        while self._waiting:
            worker = self._waiting.pop()
            if worker.process.is_alive():
                return worker
        return self._start()

    def _start(self) -> _Worker:
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=_work, args=(theirs, self._threads), daemon=True)
        with deaf_to_ctrl_c():
            process.start()
        theirs.close()
        return _Worker(process, ours)


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Let the processes started within ignore Ctrl-C, from their first moment on.

    It reaches every process of a terminal; the parent alone decides what it means.
    """
    if current_thread() is not main_thread():  # others may not say what a signal does
        yield
        return
    ours = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, ours)


def _work(connection: Connection, threads: int) -> None:
    """Attempt tasks from the connection until it closes, as it does when the parent dies."""
    prepare_arithmetic(threads)
    # torch loads its compiler for the first optimiser of a process: a second, better spent now.
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])
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
