"""The loss: cross-entropy in nats per token.

Shapes: N target positions, F features, V target vocabulary.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from bench.compiled.library import kernels_for
from bench.model.products import ROUND, multiply, rounded_up


class Portions(NamedTuple):
    """How much is done at once: on a CPU what stays in its cache until it is needed again."""

    product: int  # logits held: rows enough for the gradients' products to be fast
    columns: int  # of the vocabulary, in one product with an output as wide
    passes: int  # logits gone over by softmax and what follows it


PORTIONS = {
    "cpu": Portions(product=2**23, columns=2**10, passes=2**19),
    "cuda": Portions(product=2**27, columns=2**27, passes=2**27),  # which wants more work at once
}


def token_loss(logits: Tensor, targets: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy in nats, a scalar.

    Args:
        logits: (N, V), in any float format; at real positions only, unless padding is to count.
        targets: token ids, (N,).
        label_smoothing: share of the wanted probability spread evenly over all tokens, in [0, 1)
            (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, section 7).
    """
    return cross_entropy(logits.float(), targets, label_smoothing=label_smoothing)


class Judged(NamedTuple):
    """What each position's logits say of its target."""

    nats: Tensor  # (N,), cross-entropy
    correct: Tensor  # (N,), whether the target is the likeliest token


def judge(features: Tensor, output: torch.nn.Linear, targets: Tensor) -> Judged:
    """Compare the logits that an output matrix makes of features with the targets.

    Never all of them at once, as in `output_loss`; without gradients.

    Args:
        features: (N, F).
        output: the matrix (V, F) and bias (V,).
        targets: token ids, (N,).
    """
    nats, correct = list[Tensor](), list[Tensor]()
    at_a_time = rows_per_pass(features.device, len(output.weight))
    for some, wanted in zip(features.split(at_a_time), targets.split(at_a_time), strict=True):
        logits = output(some)
        nats.append(cross_entropy(logits.float(), wanted, reduction="none"))
        correct.append(logits.max(-1).indices == wanted)
    return Judged(torch.cat(nats), torch.cat(correct))


class _Wish(NamedTuple):
    """What the loss asks for."""

    targets: Tensor  # (N,)
    label_smoothing: float
    dtype: torch.dtype  # of the matrix products


def output_loss(
    features: Tensor,
    output: torch.nn.Linear,
    targets: Tensor,
    *,
    label_smoothing: float = 0.0,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Return `token_loss(output(features), targets)` without ever holding all the logits.

    The gradients are made along with the loss, some rows at a time, so that memory does not grow
    with positions times vocabulary and each row of logits is still in the cache when it is needed
    again (as https://arxiv.org/abs/2411.09009 does in a kernel).

    Args:
        features: (N, F).
        output: the matrix (V, F) and bias (V,) that make logits of them.
        targets: token ids, (N,).
        label_smoothing: as in `token_loss`.
        dtype: of the matrix products; all else is float32.
    """
    wish = _Wish(targets, label_smoothing, dtype)
    with torch.autocast(features.device.type, enabled=False):
        loss: Tensor = _OutputLoss.apply(features, output.weight, output.bias, wish)  # type: ignore[no-untyped-call]
    return loss


class _OutputLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, wish: _Wish) -> Tensor:
        num_positions, num_tokens = len(wish.targets), len(weight)
        portions = portions_on(features.device)
        narrow = weight.detach().to(wish.dtype)
        inputs = features.new_zeros(
            rounded_up(num_positions, wish.dtype), features.shape[1], dtype=wish.dtype
        )
        inputs[:num_positions] = features
        to_features = torch.empty_like(inputs)
        to_weight, to_bias = torch.empty_like(weight), torch.zeros_like(bias)
        total = torch.zeros((), device=features.device)
        at_a_time = max(ROUND, portions.product // num_tokens // ROUND * ROUND)
        for rows in slices(len(inputs), at_a_time):
            some, wanted = inputs[rows], wish.targets[rows]
            logits = some.new_empty(len(some), num_tokens)
            for columns in slices(num_tokens, portions.columns):
                multiply(some, narrow[columns].t(), to=logits[:, columns])
            total += _judge_back(logits[: len(wanted)], bias, wanted, wish, to_bias)
            logits[len(wanted) :] = 0
            multiply(logits, narrow, to=to_features[rows])
            for columns in slices(num_tokens, portions.columns):
                _add_product(to_weight[columns], logits[:, columns].t(), some, anew=rows.start == 0)
        to_features = to_features[:num_positions].to(features.dtype)
        ctx.save_for_backward(to_features, to_weight, to_bias)
        ctx.num_positions = num_positions
        return total / num_positions

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        share = gradient / ctx.num_positions
        return *(saved.mul_(share) for saved in ctx.saved_tensors), None


def rows_per_pass(device: torch.device, num_tokens: int) -> int:
    """Return how many rows of logits to go over at once, each as long as the vocabulary."""
    return max(1, portions_on(device).passes // num_tokens)


def portions_on(device: torch.device) -> Portions:
    """Return how much is done at once on a device."""
    return PORTIONS.get(device.type, PORTIONS["cpu"])


def slices(length: int, at_a_time: int) -> Iterator[slice]:
    """Cut a length into portions."""
    return (slice(start, start + at_a_time) for start in range(0, length, at_a_time))


def _add_product(total: Tensor, left: Tensor, right: Tensor, *, anew: bool) -> None:
    """Add the product of two matrices, of the total's format or a narrower one, to a total.

    Anew: to zero, whatever is there.
    """
    if left.dtype == total.dtype:
        multiply(left, right, to=total, add=not anew)
        return
    product = multiply(left, right, to=left.new_empty(total.shape))
    if anew:
        total.copy_(product)
    else:
        total += product


def _judge_back(
    logits: Tensor, bias: Tensor, targets: Tensor, wish: _Wish, to_bias: Tensor
) -> Tensor:
    """Return the sum of some rows' losses, and put its gradient in the place of their logits.

    Args:
        logits: without the bias, (N, V), of any format.
        bias: (V,).
        targets: (N,).
        wish: how to smooth.
        to_bias: its gradient, added up, (V,).
    """
    num_tokens, kernels = logits.shape[1], kernels_for(logits, bias)
    if kernels is not None:
        loss, row = torch.empty((), dtype=torch.float64), torch.empty_like(bias)
        kernels(
            "softmax_backward", len(logits), num_tokens, logits, bias.detach(), targets,
            wish.label_smoothing, to_bias, row, loss, logits.dtype == torch.bfloat16,
        )  # fmt: skip
        return loss
    total = torch.zeros((), device=logits.device)
    for few in slices(len(logits), rows_per_pass(logits.device, num_tokens)):
        biased = logits[few].float().add_(bias)
        loss, gradient = _loss_and_gradient(biased, targets[few], wish.label_smoothing)
        total += loss
        to_bias += gradient.sum(0)
        logits[few] = gradient
    return total


def _loss_and_gradient(
    logits: Tensor, targets: Tensor, label_smoothing: float
) -> tuple[Tensor, Tensor]:
    """Return the sum of some rows' losses, and its gradient by their logits, both in float32.

    A softmax is a third of the work of log-sum-exp and exp; the likeliest token's probability,
    which is never tiny, tells the norm of all.
    """
    probabilities = logits.softmax(-1)
    norm = logits.amax(-1, keepdim=True) - probabilities.amax(-1, keepdim=True).log()
    wanted = logits.gather(1, targets[:, None])
    loss = (norm - wanted).sum() * (1 - label_smoothing)
    gradient = probabilities
    if label_smoothing:
        loss += (norm - logits.mean(-1, keepdim=True)).sum() * label_smoothing
        gradient -= label_smoothing / logits.shape[1]
    gradient.scatter_add_(1, targets[:, None], torch.full_like(wanted, label_smoothing - 1.0))
    return loss, gradient
