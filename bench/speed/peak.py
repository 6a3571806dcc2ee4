"""What this machine's matrix products reach at best, to measure a model's against."""

from statistics import median
from time import perf_counter

import torch

SQUARE = 2048
SECONDS = 1.0


def matrix_peak(
    device: torch.device, dtype: torch.dtype, *, shape: tuple[int, int, int] | None = None
) -> float:
    """Return floating-point operations per second of a matrix product, the median of a second.

    Args:
        device: where.
        dtype: number format.
        shape: rows, inner and columns; a large square if not given.
    """
    rows, inner, columns = shape or (SQUARE, SQUARE, SQUARE)
    left = torch.randn(rows, inner, device=device).to(dtype)
    right = torch.randn(inner, columns, device=device).to(dtype)
    seconds: list[float] = []
    began = perf_counter()
    while len(seconds) < 4 or perf_counter() - began < SECONDS:
        started = perf_counter()
        left @ right
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(perf_counter() - started)
    return 2 * rows * inner * columns / median(seconds[1:])
