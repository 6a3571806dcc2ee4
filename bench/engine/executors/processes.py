"""Several runs at a time, each in a process and thread of its own.

Two processes of one thread do 1.7 times the work of one of two. And threads that share a product
wait for one another: beside a busy program two train half as fast as one, beside two of another
command at a tenth of it.

A worker process lives as long as there is work, so that the seconds it takes to load the libraries
are spent once; within `with` it is there before and between, and loads them while others open their
files. A worker that dies takes its one run with it, and so does one whose device fails: no later
call of its process would succeed. Another takes its place.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing.connection import Connection, wait
from typing import Self

import torch

from bench.engine.executors.contract import (
    Ended,
    EpochEnded,
    Event,
    Failed,
    Listen,
    Task,
    attempt,
)
from bench.processes import Child, ProcessDied, end_with_parent, ignore_ctrl_c, start, stop
from bench.training.device import prepare_arithmetic

MOST_AHEAD = 4


@dataclass(slots=True, eq=False)
class _Worker:
    child: Child
    gpu: str | None
    task: Task | None = None
    is_spoilt: bool = False
    """Whether its device has failed, and would fail again."""


class ProcessExecutor:
    """Attempts tasks in `num_workers` processes, in their order as workers become free."""

    def __init__(
        self,
        *,
        num_workers: int,
        gpus: Sequence[str] = (),
        ahead: int = MOST_AHEAD,
    ) -> None:
        """Choose how much to do at a time.

        Args:
            num_workers: processes.
            gpus: shared out among the processes, each of which sees one of them alone.
            ahead: workers started before it is known how much there is to do; each holds 300 MB.
        """
        self.num_workers = num_workers
        self._gpus = cycle(gpus or [None])
        self._ahead = ahead
        self._waiting: list[_Worker] = []
        self._kept = False

    def __enter__(self) -> Self:
        """Start workers that load their libraries until there is work, and keep all there are."""
        self._kept = True
        try:
            for _ in range(min(self.num_workers, self._ahead)):
                self._waiting.append(self._start(next(self._gpus)))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End the workers."""
        self._kept = False
        stop([worker.child for worker in self._waiting])
        self._waiting = []

    def run(self, tasks: Iterable[Task], listen: Listen) -> None:
        """Attempt every task once; whatever happens no worker is left at work."""
        coming = iter(tasks)
        workers: list[_Worker] = []
        try:
            for task in islice(coming, self.num_workers):
                workers.append(
                    self._waiting.pop() if self._waiting else self._start(next(self._gpus))
                )
                self._give(task, workers, -1)
            while any(worker.task for worker in workers):
                self._turn(workers, coming, listen)
        finally:
            fit = (worker for worker in workers if not worker.task and not worker.is_spoilt)
            idle = list(fit) if self._kept else []
            self._waiting += idle
            stop([worker.child for worker in workers if worker not in idle])

    def _turn(self, workers: list[_Worker], coming: Iterator[Task], listen: Listen) -> None:
        """Wait for news from any worker, pass it on, and hand out what is next."""
        ready = wait([worker.child.connection for worker in workers if worker.task])
        for place, worker in enumerate(workers):
            if not worker.task or worker.child.connection not in ready:
                continue
            event = _receive(worker)
            if isinstance(event, Ended | Failed):
                worker.task = None
                worker.is_spoilt = isinstance(event, Failed) and event.cause == "device"
            go_on = listen(event)
            if isinstance(event, EpochEnded):
                with suppress(ProcessDied):  # heard of next
                    worker.child.send(go_on)
            if worker.task is None and (task := next(coming, None)):
                self._give(task, workers, place)

    def _give(self, task: Task, workers: list[_Worker], place: int) -> None:
        """Give a worker a task, or if it can do no more, another in its place."""
        if workers[place].is_spoilt:
            stop([workers[place].child])
            workers[place] = self._start(workers[place].gpu)
        try:
            workers[place].child.send(task)
        except ProcessDied:
            workers[place] = self._start(workers[place].gpu)
            workers[place].child.send(task)
        workers[place].task = task

    def _start(self, gpu: str | None) -> _Worker:
        environment = {} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu}
        return _Worker(start(_work, environment=environment), gpu)


def _work(connection: Connection) -> None:
    """Attempt tasks from the connection until it closes, as it does when the parent dies."""
    ignore_ctrl_c()
    end_with_parent()
    prepare_arithmetic()
    # torch loads its compiler for the first optimiser of a process: a second, better spent now.
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    try:
        while True:
            attempt(connection.recv(), lambda event: _tell(connection, event))
    except (EOFError, ConnectionError):
        return


def _tell(connection: Connection, event: Event) -> bool:
    """Send an event to the parent, and after an epoch wait for its word whether to go on."""
    connection.send(event)
    return connection.recv() if isinstance(event, EpochEnded) else True


def _receive(worker: _Worker) -> Event:
    assert worker.task is not None
    try:
        event: Event = worker.child.receive()
    except ProcessDied as died:
        return Failed(worker.task.spec, f"its process died ({died})", cause="died")
    return event
