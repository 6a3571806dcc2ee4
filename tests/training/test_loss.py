"""The loss, some rows of logits at a time."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from bench.compiled.library import reference_only
from bench.training import loss as module
from bench.training.loss import Portions, judge, output_loss, token_loss


@pytest.mark.parametrize("passes", [nullcontext, reference_only], ids=["compiled", "in torch"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("at_a_time", [1, 6, 40, 10_000])
def test_loss_and_gradients_are_those_of_all_logits_at_once(
    label_smoothing: float,
    at_a_time: int,
    passes: Callable[[], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against torch's cross-entropy and its gradients, however little is done at once."""
    monkeypatch.setitem(module.PORTIONS, "cpu", Portions(4 * at_a_time, at_a_time, at_a_time))
    features, output = torch.randn(7, 5, requires_grad=True), nn.Linear(5, 11)
    targets = torch.randint(0, 11, (7,))
    leaves = [features, output.weight, output.bias]

    with passes():
        ours = output_loss(features, output, targets, label_smoothing=label_smoothing)
        of_ours = torch.autograd.grad(3 * ours, leaves)
    plain = token_loss(output(features), targets, label_smoothing=label_smoothing)

    torch.testing.assert_close(ours, plain)
    for found, expected in zip(of_ours, torch.autograd.grad(3 * plain, leaves), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("at_a_time", [1, 40, 10_000])
def test_positions_are_judged_as_by_all_logits_at_once(
    at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each one's cross-entropy is torch's, and whether its target is the likeliest token."""
    monkeypatch.setitem(module.PORTIONS, "cpu", Portions(at_a_time, at_a_time, at_a_time))
    features, output = torch.randn(30, 5), nn.Linear(5, 3)
    targets = torch.randint(0, 3, (30,))

    judged = judge(features, output, targets)

    logits = output(features)
    torch.testing.assert_close(judged.nats, cross_entropy(logits, targets, reduction="none"))
    assert 0 < judged.correct.sum() < 30
    assert judged.correct.equal(logits.argmax(-1) == targets)


def test_a_hopeless_token_has_a_finite_loss() -> None:
    """Its probability is nothing in float32; its loss is the distance of the logits."""
    output = nn.Linear(1, 2, bias=False)
    output.bias = nn.Parameter(torch.zeros(2))
    with torch.no_grad():
        output.weight.copy_(torch.tensor([[500.0], [0.0]]))

    loss = output_loss(torch.ones(1, 1), output, torch.tensor([1]))

    assert loss.item() == 500.0


def test_bfloat16_products_are_near() -> None:
    """Gradients within a few hundredths of those in float32, in the weights' own format."""
    torch.manual_seed(3)
    features, output = torch.randn(60, 32, requires_grad=True), nn.Linear(32, 50)
    targets = torch.randint(0, 50, (60,))
    leaves = [features, output.weight, output.bias]

    exact = torch.autograd.grad(output_loss(features, output, targets), leaves)
    near = torch.autograd.grad(output_loss(features, output, targets, dtype=torch.bfloat16), leaves)

    for found, expected in zip(near, exact, strict=True):
        assert found.dtype == torch.float32
        assert (found - expected).norm() < 0.03 * expected.norm()


def test_memory_does_not_grow_with_positions_times_vocabulary() -> None:
    """What is kept for the backward pass has the size of the inputs and the weights."""
    features, output = torch.randn(300, 8, requires_grad=True), nn.Linear(8, 2000)

    loss = output_loss(features, output, torch.zeros(300, dtype=torch.long))

    kept = sum(saved.numel() for saved in loss.grad_fn.saved_tensors)  # type: ignore[union-attr]
    assert kept == 300 * 8 + 2000 * 8 + 2000
