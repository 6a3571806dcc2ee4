"""What this machine's matrix products reach at best, to measure a model's against."""

from collections.abc import Sequence
from statistics import median
from time import perf_counter

import torch

from bench.model.products import multiply
from bench.speed.arithmetic import Product

SQUARE = {"cpu": (2048, 2048, 2048), "cuda": (8192, 8192, 8192)}
CALLS = {"cpu": 1, "cuda": 20}
"""Products timed together: to wait for a GPU after each would take as long as a small one."""
SECONDS = 0.5
SECONDS_A_SHAPE = 0.05


def matrix_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Return floating-point operations per second of a large square product.

    Args:
        device: where.
        dtype: number format.
    """
    rows, inner, columns = shape = SQUARE[device.type]
    return 2 * rows * inner * columns / _seconds(device, dtype, shape, for_seconds=SECONDS)


def peak_at_shapes(device: torch.device, dtype: torch.dtype, products: Sequence[Product]) -> float:
    """Return operations per second of a step's products, each alone, over and over.

    There and back: with a product go that for the gradient by its inputs and that by its matrix.
    On a GPU a small one takes as long as the host takes to launch it, and that is counted.

    Args:
        device: where.
        dtype: number format.
        products: of a forward pass.
    """
    seconds = 0.0
    for product in products:
        rows, inner, columns = product[1:4]
        for shape in ((rows, inner, columns), (rows, columns, inner), (inner, rows, columns)):
            seconds += product.times * _seconds(device, dtype, shape, for_seconds=SECONDS_A_SHAPE)
    return sum(product.operations for product in products) / seconds


def _seconds(
    device: torch.device, dtype: torch.dtype, shape: tuple[int, int, int], *, for_seconds: float
) -> float:
    """Return the median time of a product, rows by inner by columns."""
    rows, inner, columns = shape
    left = torch.randn(rows, inner, device=device).to(dtype)
    right = torch.randn(columns, inner, device=device).to(dtype).t()  # as a weight lies
    product = left.new_empty(rows, columns)
    seconds: list[float] = []
    began = perf_counter()
    while len(seconds) < 4 or perf_counter() - began < for_seconds:
        started = perf_counter()
        for _ in range(CALLS[device.type]):
            multiply(left, right, to=product)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append((perf_counter() - started) / CALLS[device.type])
    return median(seconds[1:])
