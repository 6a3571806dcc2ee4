"""Matrix products: by which library, in which number format, of how many rows.

torch multiplies float32 on a CPU with MKL, which does not use all that an AMD processor has:
numpy's OpenBLAS takes half the time on one with whole AVX-512 units (Zen 5), a tenth to a third
less on one without (Zen 3).

For a narrow product on a CPU oneDNN writes a program for each new shape, which takes longer than
running it: 5 to 25 ms on a processor with AMX. Where the number of rows is another in each batch,
rows of zeros are added up to a round number, so that there are few shapes.

Where it knows no bfloat16 (before AVX-512), torch multiplies narrow numbers one by one, at a
tenth of the speed of float32. There they are multiplied and added up in float32, as a processor
that has instructions for them does, and the sums are rounded.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_info
from torch import Tensor

from bench.processor import read_processor

ROUND = 128
"""Rows of narrow products are made a multiple of it."""


def narrowed(weight: Tensor) -> Tensor:
    """Return a weight in the format that products are computed in here, without its gradient."""
    device = weight.device.type
    enabled = torch.is_autocast_enabled(device)
    return weight.detach().to(torch.get_autocast_dtype(device) if enabled else weight.dtype)


def for_few_rows(matrix: Tensor) -> Tensor:
    """Lay out a matrix (I, O) that a few rows at a time are multiplied by.

    In float32 row by row; in bfloat16 column by column, without which oneDNN takes twice the time
    where O is no multiple of 32.
    """
    return matrix.contiguous() if matrix.dtype == torch.float32 else matrix.t().contiguous().t()


class Linear(torch.nn.Linear):
    """`torch.nn.Linear`, by the library that multiplies here."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (…, I) to (…, O)."""
        return linear(inputs, self.weight, self.bias)


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return `torch.nn.functional.linear` of the same, by the library that multiplies here.

    Args:
        inputs: (…, I).
        weight: (O, I).
        bias: (O,).

    Returns:
        (…, O).
    """
    device = inputs.device.type
    is_narrowed = torch.is_autocast_enabled(device)
    dtype = torch.get_autocast_dtype(device) if is_narrowed else inputs.dtype
    if device != "cpu" or not (is_by_numpy(dtype) or _is_by_rounding(dtype)):
        return torch.nn.functional.linear(inputs, weight, bias)
    rows = inputs.reshape(-1, inputs.shape[-1])
    product: Tensor = _Linear.apply(  # type: ignore[no-untyped-call]
        rows.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype)
    )
    return product.view(*inputs.shape[:-1], len(weight))


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(inputs, weight)
        ctx.has_bias = bias is not None
        shape = len(inputs), len(weight)
        product = inputs.new_empty(shape) if bias is None else bias.detach().expand(shape).clone()
        return multiply(inputs.detach(), weight.detach().t(), to=product, add=bias is not None)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight = ctx.saved_tensors
        to_inputs = multiply(gradient, weight.detach(), to=torch.empty_like(inputs))
        to_weight = weight_gradient(gradient, inputs.detach())
        return to_inputs, to_weight, gradient.sum(0) if ctx.has_bias else None


def multiply(left: Tensor, right: Tensor, *, to: Tensor, add: bool = False) -> Tensor:
    """Write a product of matrices to a third, or add it to what is there; without gradients.

    Args:
        left: (N, I).
        right: (I, O).
        to: (N, O).
        add: to what is there.

    Returns:
        `to`.
    """
    on_cpu = to.device.type == "cpu"
    if on_cpu and _is_by_rounding(to.dtype):
        wide = torch.empty(to.shape)
        multiply(left.float(), right.float(), to=wide)
        return to.copy_(wide.add_(to) if add else wide)
    if not on_cpu or not is_by_numpy(to.dtype):
        return to.addmm_(left, right) if add else torch.mm(left, right, out=to)
    product = torch.empty_like(to) if add else to
    with np.errstate(all="ignore"):  # a run that diverges is seen by its loss
        np.matmul(left.numpy(), right.numpy(), out=product.numpy())
    return to.add_(product) if add else to


def is_by_numpy(dtype: torch.dtype) -> bool:
    """Tell whether numpy multiplies numbers of this format on this CPU, in float32."""
    is_wide = dtype == torch.float32 or _is_by_rounding(dtype)
    return is_wide and product_library() == "openblas"


def _is_by_rounding(dtype: torch.dtype) -> bool:
    return dtype == torch.bfloat16 and not knows_bfloat16()


@cache
def knows_bfloat16() -> bool:
    """Tell whether oneDNN multiplies numbers of this format on this CPU."""
    is_here = torch.backends.mkldnn.is_available()
    return is_here and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


@cache
def product_library() -> str:
    """Name what float32 is multiplied by on this CPU: `openblas`, which is numpy's, or `torch`."""
    is_here = any(library["internal_api"] == "openblas" for library in threadpool_info())
    return "openblas" if is_here and read_processor().maker == "AuthenticAMD" else "torch"


def weight_gradient(gradients: Tensor, inputs: Tensor) -> Tensor:
    """Return the gradient by a weight (O, I), in float32.

    Args:
        gradients: by the products, (N, O).
        inputs: of the products, (N, I).
    """
    product = gradients.new_empty(gradients.shape[1], inputs.shape[1])
    return multiply(gradients.t(), inputs, to=product).float()


def rounded_up(rows: int, dtype: torch.dtype) -> int:
    """Return how many rows a product in this format had better have."""
    return rows if dtype == torch.float32 else -(-rows // ROUND) * ROUND
