"""Matrix products are the same by whichever library."""

import numpy as np
import pytest
import torch

from bench.data.batching import collate
from bench.data.prepared import PreparedCorpus
from bench.model import products as module
from bench.model.products import Linear, linear, multiply, product_library
from bench.processor import Processor
from bench.training.config import TrainingConfig
from bench.training.trainer import batch_loss
from tests.conftest import build

LIBRARIES = ("openblas", "torch")
AMD, INTEL = Processor(maker="AuthenticAMD"), Processor(maker="GenuineIntel")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("knows_bfloat16", [False, True])
@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_product_is_written_or_added_where_it_belongs(
    library: str,
    knows_bfloat16: bool,
    add: bool,
    dtype: torch.dtype,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Turned matrices and parts of rows too; what lies beside stays."""
    monkeypatch.setattr(module, "product_library", lambda: library)
    monkeypatch.setattr(module, "knows_bfloat16", lambda: knows_bfloat16)
    left, right = torch.randn(5, 7).t().to(dtype), torch.randn(5, 9)[:, 2:5].to(dtype)
    whole = torch.randn(7, 6).to(dtype)
    before = whole.clone()

    found = multiply(left, right, to=whole[:, 1:4], add=add)

    expected = left.float() @ right.float() + (before[:, 1:4] if add else 0)
    torch.testing.assert_close(found, expected.to(dtype))
    assert found.data_ptr() == whole[:, 1:].data_ptr()
    assert whole[:, [0, 4, 5]].equal(before[:, [0, 4, 5]])


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("shape", [(6,), (2, 3), (0,), (2, 1, 3)])
def test_a_linear_map_is_torchs_there_and_back(
    shape: tuple[int, ...], has_bias: bool, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With part of a matrix too, as a decoder's `combine` is parted."""
    monkeypatch.setattr(module, "product_library", lambda: library)
    inputs, whole, bias = torch.randn(*shape, 5), torch.randn(4, 9), torch.randn(4)
    leaves = [each.requires_grad_() for each in (inputs, whole, bias)][: 2 + has_bias]
    maps = (linear, torch.nn.functional.linear)

    found, expected = (each(inputs, whole[:, 2:7], bias if has_bias else None) for each in maps)
    towards = torch.randn_like(expected)

    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        torch.autograd.grad(found, leaves, towards), torch.autograd.grad(expected, leaves, towards)
    )


@pytest.mark.parametrize("knows_bfloat16", [False, True])
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_linear_map_under_autocast_is_torchs_there_and_back(
    library: str, knows_bfloat16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Narrow on any processor, whoever multiplies what is float32."""
    monkeypatch.setattr(module, "product_library", lambda: library)
    monkeypatch.setattr(module, "knows_bfloat16", lambda: knows_bfloat16)
    ours = Linear(5, 4)
    inputs, leaves = torch.randn(3, 2, 5), list(ours.parameters())
    with torch.autocast("cpu", torch.bfloat16):
        found, expected = ours(inputs), torch.nn.functional.linear(inputs, *leaves)
    towards = torch.randn_like(expected)

    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        torch.autograd.grad(found, leaves, towards), torch.autograd.grad(expected, leaves, towards)
    )


def test_narrow_numbers_are_added_up_in_float32_on_any_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And rounded once: 256 and 256 ones, of which bfloat16 would lose each."""
    monkeypatch.setattr(module, "knows_bfloat16", lambda: False)
    left = torch.ones(1, 257, dtype=torch.bfloat16)
    left[0, 0] = 256

    found = multiply(left, torch.ones(257, 1, dtype=torch.bfloat16), to=left.new_empty(1, 1))

    assert found.item() == 512


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_number_that_is_none_stays_none_silently(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that diverges is told of by its loss, not by a warning from within."""
    monkeypatch.setattr(module, "product_library", lambda: library)
    left = torch.full((3, 4), torch.inf)

    found = multiply(left, torch.zeros(4, 2), to=torch.empty(3, 2))

    assert found.isnan().all()


def test_a_step_has_the_same_gradients_by_either_library(
    digits: PreparedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within rounding, in float32."""
    model = build(digits)
    batch = collate(digits.load_split("train"), np.arange(7))
    config = TrainingConfig(epochs=1, learning_rate=0.1, precision="float32")
    found = {}
    for library in LIBRARIES:
        monkeypatch.setattr(module, "product_library", lambda name=library: name)
        torch.manual_seed(3)
        loss = batch_loss(model, batch, config, forced=None)
        found[library] = [loss, *torch.autograd.grad(loss, list(model.parameters()))]

    torch.testing.assert_close(found["openblas"], found["torch"], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(
    ("processor", "numpys", "expected"),
    [(AMD, "openblas", "openblas"), (AMD, "mkl", "torch"), (INTEL, "openblas", "torch")],
)
def test_numpy_multiplies_only_where_it_was_found_faster(
    processor: Processor, numpys: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On AMD's processors, and if its library is OpenBLAS."""
    monkeypatch.setattr(module, "read_processor", lambda: processor)
    monkeypatch.setattr(module, "threadpool_info", lambda: [{"internal_api": numpys}])

    assert product_library.__wrapped__() == expected
