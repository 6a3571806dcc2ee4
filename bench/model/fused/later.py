"""Embedded tokens that are chosen only while a sequence is read.

Shapes: T steps, B sentences, E features.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bench.model.products import narrowed

Embed = Callable[[Tensor], Tensor]
"""Makes of tokens (…) what they bring, (…, E)."""


def embedded_later(embed: Embed, parameters: Sequence[nn.Parameter], tokens: Tensor) -> Tensor:
    """Return a place for what tokens will bring, (T, B, E), with nothing in it yet.

    Whoever chooses a token writes it down in `tokens`, (T, B); when the gradient of the place is
    known, it goes on to the parameters from there.

    Args:
        embed: what makes it of tokens.
        parameters: that it uses.
        tokens: ids, to be filled in, (T, B).
    """
    dtype = narrowed(parameters[0]).dtype
    place: Tensor = _Later.apply(embed, dtype, tokens, *parameters)  # type: ignore[no-untyped-call]
    return place


class _Later(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, embed: Embed, dtype: torch.dtype, tokens: Tensor, *parameters: Tensor
    ) -> Tensor:
        ctx.embed, ctx.dtype, ctx.tokens, ctx.parameters = embed, dtype, tokens, parameters
        return parameters[0].new_empty(*tokens.shape, parameters[0].shape[-1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        narrow = ctx.dtype == torch.bfloat16
        with torch.enable_grad(), torch.autocast("cpu", ctx.dtype, enabled=narrow):
            embedded = ctx.embed(ctx.tokens)
        to_parameters = torch.autograd.grad(embedded, ctx.parameters, gradient.to(embedded.dtype))
        return None, None, None, *to_parameters
