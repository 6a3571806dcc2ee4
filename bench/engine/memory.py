"""The most memory that a run has held, told apart from that of earlier runs of its process."""

import ctypes
import gc
import resource
import sys
from contextlib import suppress
from pathlib import Path

import torch

_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def forget_peak(device: torch.device) -> None:
    """Begin to watch anew, where the system can."""
    gc.collect()  # an earlier run's model and its recorded sequences hold each other
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc: what that run held and the heap still does
    with suppress(OSError):
        _CLEAR.write_text("5")  # Linux: the high-water mark becomes what is held now


def peak_bytes(device: torch.device) -> int:
    """Return the peak: of the GPU's memory, or else of the process's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    with suppress(OSError, StopIteration):
        marks = (line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(next(marks).split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
