"""A device that does not compute as the CPU does is not trained on."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from bench.errors import BenchError
from bench.training import agreement
from bench.training.agreement import CELLS, require_agreement

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    """No device has been compared yet, nor is any afterwards."""
    require_agreement.cache_clear()
    yield
    require_agreement.cache_clear()


def test_a_cpu_agrees_with_itself() -> None:
    """And is asked once."""
    require_agreement(CPU)
    require_agreement(CPU)

    assert require_agreement.cache_info().misses == 1


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("what", ["loss", "gradient"])
@pytest.mark.parametrize("wrong", [1.01, float("nan")])
def test_one_wrong_number_is_enough(
    monkeypatch: pytest.MonkeyPatch, cell: str, what: str, wrong: float
) -> None:
    """In what one cell gives on a device that is another one."""
    right, other = agreement._loss_and_gradient, torch.device("cpu:0")

    def compute(of: str, device: torch.device) -> dict[str, Tensor]:
        found = right(of, CPU)  # type: ignore[arg-type]
        if of == cell and device == other:
            flat = found[what].view(-1)
            flat[flat.abs().argmax()] *= wrong
        return found

    monkeypatch.setattr(agreement, "_loss_and_gradient", compute)

    with pytest.raises(BenchError, match=f"the {what} of a small model with cell {cell} is off by"):
        require_agreement(other)
