"""Processes of our own: deaf to Ctrl-C, spoken to through a pipe, and gone when we are."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import Any

CONTEXT = get_context("spawn")  # a forked copy of a process with threads may hang
STOP_SECONDS = 5.0
CONTAINER_SHARE = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds of all cores together that there are in so many, or `max`."""


class ProcessDied(Exception):  # noqa: N818 - what happened, for whoever speaks to the process
    """A process has ended without having been told to; the text says how."""


@dataclass(slots=True, eq=False)
class Child:
    """A process, and our end of the pipe to it."""

    process: SpawnProcess
    connection: Connection

    def send(self, message: object) -> None:
        """Say something to it.

        Raises:
            ProcessDied: when it can hear no more.
        """
        try:
            self.connection.send(message)
        except ConnectionError as error:
            raise ProcessDied(self._end()) from error

    def receive(self) -> Any:
        """Wait for what it says.

        Raises:
            ProcessDied: when it has said its last.
        """
        try:
            return self.connection.recv()
        except (EOFError, ConnectionError) as error:
            raise ProcessDied(self._end()) from error

    def _end(self) -> str:
        self.process.join(STOP_SECONDS)
        code = self.process.exitcode
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def start(
    work: Callable[..., None], *args: object, environment: Mapping[str, str] | None = None
) -> Child:
    """Start a process that does `work(connection, *args)`, with variables of its own if need be."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=work, args=(theirs, *args), daemon=True)
    with deaf_to_ctrl_c(), _with_variables(environment or {}):
        process.start()
    theirs.close()
    return Child(process, ours)


def stop(children: Sequence[Child]) -> None:
    """End processes, whatever they are doing."""
    for child in children:
        child.connection.close()
        child.process.terminate()
    for child in children:
        child.process.join(STOP_SECONDS)
        if child.process.is_alive():
            child.process.kill()


def count_cores() -> int:
    """Count the cores that this process may use: those it is tied to, or a container's share."""
    tied = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CONTAINER_SHARE.read_text("ascii").split()
    except (OSError, ValueError):  # no Linux, or an old one
        return tied
    return tied if quota == "max" else max(1, min(tied, int(quota) // int(period)))


def end_with_parent() -> None:
    """Let this process end as soon as the one that started it has died, whatever it is doing."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def ignore_ctrl_c() -> None:
    """Let the parent alone decide what Ctrl-C means, which reaches every process of a terminal.

    For the process itself to say: it does not inherit this everywhere.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Let processes started within ignore Ctrl-C from their first moment, while they load too."""
    if current_thread() is not main_thread():  # others may not say what a signal does
        yield
        return
    ours = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, ours)


@contextmanager
def _with_variables(environment: Mapping[str, str]) -> Iterator[None]:
    """Let processes started within have these variables."""
    ours = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in ours.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
