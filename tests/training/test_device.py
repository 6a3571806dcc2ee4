"""While a run computes: threads belong to whoever multiplies, and float32 is float32."""

from collections.abc import Iterator

import pytest
import torch

from bench.model import products
from bench.training.config import Precision
from bench.training.device import computing, resolve_precision

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    """Have more than one, as a worker does that has several cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("device", "precision", "library", "knows_bfloat16", "expected"),
    [
        ("cpu", "float32", "openblas", True, 1),
        ("cpu", "float32", "torch", True, 3),
        ("cpu", "bfloat16", "openblas", True, 3),
        ("cpu", "bfloat16", "openblas", False, 1),
        ("meta", "float32", "openblas", True, 3),
    ],
)
def test_torch_has_one_thread_while_another_library_multiplies(
    device: str,
    precision: Precision,
    library: str,
    knows_bfloat16: bool,
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And as many as before afterwards."""
    monkeypatch.setattr(products, "product_library", lambda: library)
    monkeypatch.setattr(products, "knows_bfloat16", lambda: knows_bfloat16)

    with computing(torch.device(device), precision):
        found = torch.get_num_threads()

    assert (found, torch.get_num_threads()) == (expected, 3)


def test_threads_are_given_back_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that fails does not slow down the next one."""
    monkeypatch.setattr(products, "product_library", lambda: "openblas")

    with pytest.raises(KeyError), computing(CPU, "float32"):
        raise KeyError

    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(("precision", "expected"), [("float32", False), ("bfloat16", True)])
def test_only_where_float32_was_not_asked_for_is_it_shortened(
    precision: Precision, *, expected: bool
) -> None:
    """By cuDNN, to TF32; afterwards all is as before."""
    before = torch.backends.cudnn.allow_tf32

    with computing(torch.device("cuda"), precision):
        found = torch.backends.cudnn.allow_tf32

    assert (found, torch.backends.cudnn.allow_tf32) == (expected, before)


def test_bfloat16_that_a_gpu_only_imitates_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without units for it takes float32."""
    asked = []
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **named: asked.append(named))

    assert resolve_precision("auto", torch.device("cuda")) == "float32"
    assert asked == [{"including_emulation": False}]


@pytest.mark.parametrize(("device", "chosen"), [("cuda:1", [1]), ("cuda", []), ("cpu", [])])
def test_a_gpu_that_was_named_is_the_current_one(
    monkeypatch: pytest.MonkeyPatch, device: str, chosen: list[int]
) -> None:
    """Streams and recordings would be another's otherwise."""
    found: list[int | None] = []
    monkeypatch.setattr(torch.cuda, "set_device", lambda named: found.append(named.index))

    with computing(torch.device(device), "float32"):
        assert found == chosen
