"""What every executor takes and tells, and how one task is attempted."""

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import torch

from bench.data.prepared import PreparedCorpus
from bench.engine.execution import Workplace, execute, try_out
from bench.errors import BenchError
from bench.experiment.planning import RunSpec
from bench.tracking.result import EpochRecord, RunResult
from bench.training.agreement import require_agreement
from bench.training.device import computing


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A run, and where to do it."""

    spec: RunSpec
    data_folder: Path
    run_folder: Path
    device: str
    opens_test: bool = True
    """Whether the model is scored on the test split in the end; a search's trials never are."""


@dataclass(frozen=True, slots=True)
class Started:
    """A run has begun, or goes on."""

    spec: RunSpec


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """An epoch was trained and validated."""

    spec: RunSpec
    record: EpochRecord


@dataclass(frozen=True, slots=True)
class Ended:
    """A run gave a result."""

    spec: RunSpec
    result: RunResult


@dataclass(frozen=True, slots=True)
class Failed:
    """A run gave no result."""

    spec: RunSpec
    reason: str
    """One line for a person."""
    trace: str = ""
    """A traceback for a programmer; empty for a user's mistake."""
    cause: Literal["error", "system", "device", "died", "taken"] = "error"
    """Something went wrong in it, the system refused a file, the device refuses this process from
    now on, its process died, or another command is at work on it."""


Event = Started | EpochEnded | Ended | Failed
Listen = Callable[[Event], bool]
"""Hears what happens. After an epoch it says whether that run is to go on."""


class Executor(Protocol):
    """Executes tasks and tells what happens."""

    def run(self, tasks: Iterable[Task], listen: Listen) -> None:
        """Attempt every task once; a failed one does not keep others from being done.

        Tasks are taken one by one, as there is somebody to do them: what came of the earlier ones
        may decide what the next one is.
        """


def attempt(task: Task, listen: Listen) -> None:
    """Execute one task here and tell how it went, whatever happens."""
    spec = task.spec
    listen(Started(spec))
    try:
        place = Workplace(device=torch.device(task.device), folder=task.run_folder)
        require_agreement(place.device)
        data = PreparedCorpus(task.data_folder, with_test=task.opens_test)
        attempted = execute if task.opens_test else try_out
        with computing(place.device, spec.config.training.precision):
            result = attempted(spec, data, place, lambda record: listen(EpochEnded(spec, record)))
    except BenchError as error:
        listen(Failed(spec, str(error)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other runs go on
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        listen(Failed(spec, reason, traceback.format_exc(), cause=_cause(error)))
    else:
        # Its checkpoint stays until the result is recorded, whoever hears this.
        listen(Ended(spec, result))


def _cause(error: Exception) -> Literal["error", "system", "device"]:
    if _has_spoilt_gpu(error):
        return "device"
    return "system" if isinstance(error, OSError) else "error"


def _has_spoilt_gpu(error: Exception) -> bool:
    """Tell whether this process can use its GPU no more, as after an illegal access.

    torch says so, but not where cuBLAS or cuDNN met it first: then the GPU is asked.
    """
    if isinstance(error, torch.AcceleratorError):
        return True
    if not torch.cuda.is_initialized():
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False
