"""Memory that compiled passes and products share: rows of numbers, and where each begins.

Shapes: N rows, F features.
"""

from copy import copy

import torch
from torch import Tensor

from bench.model.products import rounded_up


class Rows:
    """Numbers, (N, F), with zeros below up to a round number of rows."""

    def __init__(
        self, rows: int, features: int, dtype: torch.dtype, *, blank: bool = False
    ) -> None:
        """Take the memory.

        Args:
            rows: N.
            features: F.
            dtype: of the numbers.
            blank: whether all begin at zero.
        """
        total = rounded_up(rows, dtype)
        self.all = torch.empty(total, features, dtype=dtype)
        if blank or total > rows:
            self.all[0 if blank else rows :] = 0
        self._rows = rows
        self._base, self._stride = self.all.data_ptr(), features * self.all.element_size()

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
