"""Memory that compiled passes and products share: rows of numbers, and where each begins.

Shapes: N rows, F features.
"""

from copy import copy

import torch
from torch import Tensor

from bench.model.products import rounded_up


class Rows:
    """Numbers, (N, F), with zeros below up to a round number of rows."""

    def __init__(self, rows: int, features: int, dtype: torch.dtype) -> None:
        """Take the memory.

        Args:
            rows: N.
            features: F.
            dtype: of the numbers.
        """
        total = rounded_up(rows, dtype)
        self.all = torch.empty(total, features, dtype=dtype)
        if total > rows:
            self.all[rows:] = 0
        self._rows = rows
        self.across = features
        """Numbers from where a row begins to where the next one does."""
        self._base, self._stride = self.all.data_ptr(), features * self.all.element_size()

    @classmethod
    def of(cls, numbers: Tensor, dtype: torch.dtype) -> "Rows":
        """Return rows with these numbers, (N, F), which are not copied if they can stay."""
        stays = numbers.dtype == dtype and numbers.is_contiguous()
        if not stays or rounded_up(len(numbers), dtype) > len(numbers):
            rows = cls(len(numbers), numbers.shape[1], dtype)
            rows.real.copy_(numbers.detach())
            return rows
        rows = cls(0, numbers.shape[1], dtype)
        rows.all, rows._rows, rows._base = numbers.detach(), len(numbers), numbers.data_ptr()
        return rows

    @property
    def real(self) -> Tensor:
        """Return the rows that are not there to make a round number."""
        return self.all[: self._rows]

    def columns(self, first: int, last: int | None) -> "Rows":
        """Return part of each row."""
        part = copy(self)
        part.all = self.all[:, first:last]
        part._base = part.all.data_ptr()
        return part

    def at(self, row: int) -> int:
        """Return where in memory a row begins."""
        return self._base + row * self._stride
