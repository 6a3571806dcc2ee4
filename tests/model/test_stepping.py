"""Steps whose weights' gradients are made at once."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from bench.data.prepared import PreparedCorpus
from bench.model.config import CellKind
from bench.model.recurrent import CellStack, Recurrent
from bench.model.stepping import SteppedProduct
from bench.training.config import TrainingConfig
from bench.training.trainer import batch_loss
from tests.conftest import TINY, build
from tests.model.test_seq2seq import batch_of


@pytest.mark.parametrize("bias", [True, False])
def test_steps_of_a_product_are_the_product(bias: bool) -> None:
    """Values and every gradient, of independent steps and of steps that follow from each other."""
    linear = nn.Linear(5, 5, bias=bias)
    inputs = torch.randn(3, 4, 5, requires_grad=True)  # three steps
    leaves = [inputs, *linear.parameters()]

    product = SteppedProduct(linear.weight, linear.bias)
    apart = sum(product(step).sin().sum() for step in inputs)
    torch.testing.assert_close(
        torch.autograd.grad(apart, leaves), torch.autograd.grad(linear(inputs).sin().sum(), leaves)
    )

    chained, product = inputs[0], SteppedProduct(linear.weight, linear.bias)
    expected = inputs[0]
    for _ in range(3):
        chained, expected = product(chained).tanh(), linear(expected).tanh()
    torch.testing.assert_close(
        torch.autograd.grad(chained.sum(), leaves[1:]),
        torch.autograd.grad(expected.sum(), leaves[1:]),
    )


def test_a_product_of_which_the_last_step_is_unused() -> None:
    """What no loss looks at adds nothing."""
    linear = nn.Linear(2, 3)
    inputs = torch.randn(3, 4, 2)
    product = SteppedProduct(linear.weight, linear.bias)

    results = [product(step) for step in inputs]
    (results[0].sum() + results[1].sum()).backward()

    expected = torch.autograd.grad(linear(inputs[:2]).sum(), [linear.weight, linear.bias])
    torch.testing.assert_close([linear.weight.grad, linear.bias.grad], list(expected))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("stack", [Recurrent, CellStack])
def test_a_stepped_stack_is_torchs(
    cell: CellKind, stack: type[Recurrent] | type[CellStack]
) -> None:
    """Outputs, last state and gradients equal those of one call for the whole sequence."""
    sizes = {"input_size": 3, "hidden_size": 4, "num_layers": 2, "dropout": 0.0}
    torch.manual_seed(1)
    stepped = stack(cell, **sizes)  # type: ignore[arg-type]
    torch.manual_seed(1)
    whole = Recurrent(cell, **sizes)  # type: ignore[arg-type]
    inputs = torch.randn(5, 6, 3)
    parts = 2 if cell == "lstm" else 1
    start = tuple(torch.randn(2, 5, 4) for _ in range(parts))

    step = stepped.stepper()
    state = [tuple(part[layer] for part in start) for layer in range(2)]
    outputs = []
    for position in range(6):
        state = step(inputs[:, position], state)
        outputs.append(state[-1][0])
    expected = whole(inputs, start)
    torch.stack(outputs, 1).square().sum().backward()
    expected.outputs.square().sum().backward()

    torch.testing.assert_close(torch.stack(outputs, 1), expected.outputs)
    for part, (found, wanted) in enumerate(
        zip(zip(*state, strict=True), expected.state, strict=True)
    ):
        torch.testing.assert_close(torch.stack(found), wanted, msg=str(part))
    for found, wanted in zip(stepped.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(found.grad, wanted.grad)


@pytest.mark.parametrize("attention", ["none", "additive", "dot"])
def test_guesses_do_not_cost_the_output_matrix_its_gradient(
    digits: PreparedCorpus, attention: str
) -> None:
    """In bfloat16 too, where autocast keeps copies of weights: near the gradients in float32."""
    model = build(digits, replace(TINY, attention=attention)).train(False)  # type: ignore[arg-type]
    batch = batch_of(digits)
    gradients = {}
    for precision in ("float32", "bfloat16"):
        config = TrainingConfig(precision=precision)  # type: ignore[arg-type]
        model.zero_grad()
        batch_loss(model, batch, config, forced=[False] * batch.target.shape[1]).backward()
        gradients[precision] = {name: p.grad.clone() for name, p in model.named_parameters()}  # type: ignore[union-attr]

    for name, exact in gradients["float32"].items():
        if name.startswith("output"):
            near = gradients["bfloat16"][name]
            assert (near - exact).norm() < 0.1 * exact.norm(), name
