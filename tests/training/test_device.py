"""Threads belong to whoever multiplies."""

from collections.abc import Iterator

import pytest
import torch

from bench.training import device as module
from bench.training.config import Precision
from bench.training.device import threads_that_multiply

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    """Have more than one, as a worker does that has several cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("device", "precision", "library", "expected"),
    [
        ("cpu", "float32", "openblas", 1),
        ("cpu", "float32", "torch", 3),
        ("cpu", "bfloat16", "openblas", 3),
        ("meta", "float32", "openblas", 3),
    ],
)
def test_torch_has_one_thread_while_another_library_multiplies(
    device: str,
    precision: Precision,
    library: str,
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And as many as before afterwards."""
    monkeypatch.setattr(module, "product_library", lambda: library)

    with threads_that_multiply(torch.device(device), precision):
        found = torch.get_num_threads()

    assert (found, torch.get_num_threads()) == (expected, 3)


def test_threads_are_given_back_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that fails does not slow down the next one."""
    monkeypatch.setattr(module, "product_library", lambda: "openblas")

    with pytest.raises(KeyError), threads_that_multiply(CPU, "float32"):
        raise KeyError

    assert torch.get_num_threads() == 3
