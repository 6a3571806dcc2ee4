"""The number format and the number of rows of matrix products.

For a narrow product on a CPU oneDNN writes a program for each new shape, which takes longer than
running it: 5 to 25 ms on a processor with AMX. Where the number of rows is another in each batch,
rows of zeros are added up to a round number, so that there are few shapes.
"""

import torch
from torch import Tensor

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


def weight_gradient(gradients: Tensor, inputs: Tensor) -> Tensor:
    """Return the gradient by a weight (O, I), in float32.

    Args:
        gradients: by the products, (N, O).
        inputs: of the products, (N, I).
    """
    return (gradients.t() @ inputs).float()


def rounded_up(rows: int, dtype: torch.dtype) -> int:
    """Return how many rows a product in this format had better have."""
    return rows if dtype == torch.float32 else -(-rows // ROUND) * ROUND
