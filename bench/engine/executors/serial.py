"""One run after another, in this process: for tests, and for a debugger."""

from collections.abc import Iterable

from bench.engine.executors.contract import Listen, Task, attempt


class SerialExecutor:
    """Attempts tasks in their order."""

    def run(self, tasks: Iterable[Task], listen: Listen) -> None:
        """Attempt every task once."""
        for task in tasks:
            attempt(task, listen)
