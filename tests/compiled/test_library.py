"""Compiled functions: made once, missed silently, and equal to torch's."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, dropout

from bench.compiled import library
from bench.compiled.library import Kernels, kernels_for, load_kernels, reference_only
from bench.model.dropout import _knows_generator, draw_kept, drop

PRECISIONS = [torch.float32, torch.bfloat16]
STEP = {torch.float32: 1e-6, torch.bfloat16: 4e-3}  # how far apart neighbouring numbers are


@pytest.fixture
def kernels() -> Kernels:
    """Return the compiled functions; a machine without a compiler has none to look at."""
    found = load_kernels()
    if found is None:
        pytest.skip("no C compiler here")
    return found


@pytest.fixture
def afresh() -> Iterator[None]:
    """Let a test load them for itself."""
    load_kernels.cache_clear()
    yield
    load_kernels.cache_clear()


@pytest.mark.skipif(not any(map(shutil.which, library.COMPILERS)), reason="no C compiler here")
@pytest.mark.usefixtures("afresh")
def test_where_there_is_a_compiler_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or nobody would hear that they are not."""
    monkeypatch.delenv("BENCH_KERNELS", raising=False)

    assert load_kernels() is not None


@pytest.mark.usefixtures("afresh")
def test_without_a_compiler_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody hears of it."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)

    assert load_kernels() is None
    assert kernels_for(torch.zeros(1)) is None


@pytest.mark.usefixtures("afresh")
def test_a_compiler_that_fails_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path
) -> None:
    """Whatever it leaves behind is not taken for a library."""
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))

    assert load_kernels() is None
    assert not list(cache.rglob("*.so"))


@pytest.mark.usefixtures("afresh")
def test_they_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """By `BENCH_KERNELS=off`."""
    monkeypatch.setenv("BENCH_KERNELS", "off")

    assert load_kernels() is None


@pytest.mark.usefixtures("kernels")
def test_they_are_compiled_once(cache: Path) -> None:
    """A second process finds the library of the first."""
    code = "from bench.compiled.library import load_kernels; assert load_kernels()"
    environment = {**os.environ, "PYTHONPATH": str(Path(library.__file__).parents[2])}
    made = []
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        made += [(file, file.stat().st_mtime_ns) for file in cache.rglob("*.so")]

    assert len(made) == 2
    assert made[0] == made[1]


def test_they_are_for_a_cpu_and_two_formats(kernels: Kernels) -> None:
    """Float64, a device without numbers, and a request for the reference get none."""
    assert kernels_for(torch.zeros(1), torch.zeros(1, dtype=torch.bfloat16)) is kernels
    assert kernels_for(torch.zeros(1, dtype=torch.float64)) is None
    assert kernels_for(torch.zeros(1, device="meta")) is None
    with reference_only():
        assert kernels_for(torch.zeros(1)) is None


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_softmax_and_its_gradient(kernels: Kernels, dtype: torch.dtype, smoothing: float) -> None:
    """As torch computes them of the same logits."""
    logits, bias = torch.randn(7, 131).mul(3).to(dtype), torch.randn(131)
    targets = torch.randint(131, (7,))
    wide = logits.float().requires_grad_()
    expected = cross_entropy(wide + bias, targets, reduction="sum", label_smoothing=smoothing)
    expected.backward()

    loss, to_bias = torch.empty((), dtype=torch.float64), torch.zeros(131)
    narrow, row = dtype == torch.bfloat16, torch.empty(131)
    kernels(
        "softmax_backward", 7, 131, logits, bias, targets, smoothing, to_bias, row, loss, narrow
    )

    assert wide.grad is not None
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    torch.testing.assert_close(logits.float(), wide.grad, atol=STEP[dtype], rtol=STEP[dtype])
    torch.testing.assert_close(to_bias, wide.grad.sum(0), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_stays_none(kernels: Kernels, value: float) -> None:
    """So that a run that diverges is seen to."""
    logits = torch.zeros(1, 40)
    logits[0, 17] = value
    loss = torch.empty((), dtype=torch.float64)

    kernels(
        "softmax_backward", 1, 40, logits, torch.zeros(40), torch.tensor([3]), 0.0,
        torch.zeros(40), torch.empty(40), loss, False,
    )  # fmt: skip

    assert not loss.isfinite()


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("ways", [1, 5])
def test_the_likeliest_tokens(kernels: Kernels, dtype: torch.dtype, ways: int) -> None:
    """Ids and log-probabilities, best first; of equals the first."""
    logits, bias = torch.randn(9, 333).to(dtype), torch.randn(333)
    logits[0] = 0.0
    bias[200:202] = 7.0
    tokens, values = torch.empty(9, ways, dtype=torch.int64), torch.empty(9, ways)

    narrow, row = dtype == torch.bfloat16, torch.empty(333)
    kernels("likeliest", 9, 333, ways, logits, bias, tokens, values, row, narrow)

    expected = (logits.float() + bias).log_softmax(-1)
    torch.testing.assert_close(values, expected.topk(ways).values)
    torch.testing.assert_close(expected.gather(1, tokens), values)
    assert tokens[0, 0] == 200


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("size", [1, 7, 311, 312, 313, 1300])
def test_dropout_is_torchs_to_the_bit(dtype: torch.dtype, size: int) -> None:
    """What is dropped, what is left, its gradient, and what the generator yields afterwards."""
    inputs = torch.randn(size).to(dtype).requires_grad_()

    def several(function: object) -> list[Tensor]:
        assert callable(function)
        torch.manual_seed(4)
        torch.rand(3)  # an odd number of words, so that pairs straddle
        outputs = [function(inputs, share) for share in (0.1, 0.35, 0.5)]
        gradient = torch.autograd.grad(sum(each.sum() for each in outputs), inputs)
        return [*outputs, *gradient, torch.rand(2)]

    for found, expected in zip(several(drop), several(dropout), strict=True):
        assert torch.equal(found, expected)


def test_a_generator_that_is_laid_out_otherwise_is_left_to_torch(
    kernels: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a later torch's might be: the same numbers, drawn the slow way."""
    monkeypatch.setattr("bench.model.dropout._knows_generator", lambda _: False)
    fast, slow = torch.empty(2, 700, dtype=torch.uint8)

    torch.manual_seed(4)
    draw_kept(kernels, slow, 0.3)
    monkeypatch.undo()
    torch.manual_seed(4)
    draw_kept(kernels, fast, 0.3)

    assert _knows_generator(kernels)
    assert torch.equal(fast, slow)
