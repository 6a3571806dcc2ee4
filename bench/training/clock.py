"""By which clock a run's work is timed.

Other programs take the processor from a run now and then. A clock on the wall counts that as the
run's own time: seeds of one variant, which do the same work, have differed fourteenfold by it. So a
run of one thread on a CPU is timed by what its thread has had of the processor.
"""

from collections.abc import Callable, Mapping
from time import perf_counter, thread_time
from typing import Literal

import torch
from threadpoolctl import threadpool_info

ClockName = Literal["processor", "wall"]
Clock = Callable[[], float]
"""Tells seconds from some moment on."""
CLOCKS: Mapping[ClockName, Clock] = {"processor": thread_time, "wall": perf_counter}


def clock_name(device: torch.device) -> ClockName:
    """Name the clock for work that this thread does, or has a device do.

    That on the wall where others work with it: threads that share a product, or a GPU.
    """
    if device.type != "cpu" or torch.get_num_threads() > 1:
        return "wall"
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return "wall" if any(pool["num_threads"] > 1 for pool in pools) else "processor"


def choose_clock(device: torch.device) -> Clock:
    """Return the clock for work on a device."""
    return CLOCKS[clock_name(device)]
