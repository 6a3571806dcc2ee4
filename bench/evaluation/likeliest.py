"""Which tokens logits hold likeliest.

Shapes: N positions, F features, V target vocabulary.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from bench.compiled.library import kernels_for
from bench.model.products import multiply
from bench.training.loss import portions_on, rows_per_pass, slices


class Likeliest(NamedTuple):
    """Of each position, best first."""

    tokens: Tensor  # (N, `ways`)
    log_probabilities: Tensor  # (N, `ways`)


def likeliest(features: Tensor, output: torch.nn.Linear, ways: int) -> Likeliest:
    """Return the likeliest tokens of logits that an output matrix makes of features.

    Args:
        features: (N, F).
        output: the matrix (V, F) and bias (V,).
        ways: how many.
    """
    values = torch.empty(len(features), ways)
    tokens = _compiled_choice(features, output, values, ways)
    if tokens is not None:
        return Likeliest(tokens, values)
    logits = output(features)
    at_a_time = rows_per_pass(features.device, logits.shape[1])  # a fifth of a beam search's time
    parts = [some.float().log_softmax(-1).topk(ways) for some in logits.split(at_a_time)]
    found, places = zip(*parts, strict=True)
    return Likeliest(torch.cat(places), torch.cat(found))


def likeliest_tokens(features: Tensor, output: torch.nn.Linear) -> Tensor:
    """Return the likeliest token of each position, (N,); arguments as those of `likeliest`."""
    tokens = _compiled_choice(features, output, None, 1)
    if tokens is not None:
        return tokens[:, 0]
    logits: Tensor = output(features)
    return logits.max(-1).indices  # argmax takes thrice as long in bfloat16


def _compiled_choice(
    features: Tensor, output: torch.nn.Linear, values: Tensor | None, ways: int
) -> Tensor | None:
    """Choose while logits are in the cache, without a pass over them for the bias alone."""
    weight, bias = output.weight, output.bias
    kernels = kernels_for(features, weight)
    if kernels is None:
        return None
    tokens, row = torch.empty(len(features), ways, dtype=torch.int64), torch.empty(len(bias))
    wide = bias.detach().float()
    for rows in slices(len(features), max(1, portions_on(features.device).product // len(bias))):
        some = features[rows].detach().to(weight.dtype)
        logits = multiply(some, weight.detach().t(), to=some.new_empty(len(some), len(bias)))
        kernels(
            "likeliest", *logits.shape, ways, logits, wide, tokens[rows],
            None if values is None else values[rows], row, logits.dtype == torch.bfloat16,
        )  # fmt: skip
    return tokens
