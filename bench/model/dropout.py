"""Dropout: the numbers that torch drops for the same seed, drawn several times faster on a CPU.

torch draws its random bits one after the other. Compiled, the same generator yields 624 words at a
time, and what is drawn is kept in a byte each.
"""

import math
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from bench.compiled.library import Kernels, kernels_for

GENERATOR_BYTES = 5056


def drop(tensor: Tensor, probability: float) -> Tensor:
    """Zero numbers with a probability in [0, 1), and scale the others up to the same mean."""
    kernels = kernels_for(tensor)
    if kernels is None or not probability or not tensor.is_contiguous():
        return dropout(tensor, probability)
    dropped: Tensor = _Dropped.apply(tensor, probability, kernels)  # type: ignore[no-untyped-call]
    return dropped


class Dropout(nn.Dropout):
    """`drop` while training."""

    def forward(self, input: Tensor) -> Tensor:
        """Drop numbers of a tensor of any shape."""
        return drop(input, self.p) if self.training else input


def draw_kept(kernels: Kernels, kept: Tensor, probability: float) -> None:
    """Draw from torch's global generator which numbers stay: bytes, 0 with `probability`."""
    if not _knows_generator(kernels):
        kept.bernoulli_(1 - probability)
        return
    state = torch.default_generator.get_state()
    kernels("draw", kept.numel(), math.ceil((1 - probability) * 2**53), state, kept)
    torch.default_generator.set_state(state)


@cache
def _knows_generator(kernels: Kernels) -> bool:
    """Tell whether torch draws as the compiled function does, from a state laid out so."""
    random = torch.Generator().manual_seed(1)
    drawn, expected = torch.empty(2, 1000, dtype=torch.uint8)
    state = random.get_state()
    if state.numel() != GENERATOR_BYTES:
        return False
    kernels("draw", 1000, 2**52, state, drawn)
    expected.bernoulli_(0.5, generator=random)
    return torch.equal(drawn, expected) and torch.equal(state, random.get_state())


def scale_of(probability: float, dtype: torch.dtype) -> float:
    """Return what torch multiplies by the numbers that stay, rounded as it rounds."""
    return torch.ones((), dtype=dtype).div_(1 - probability).item()


def apply_kept(kernels: Kernels, tensor: Tensor, kept: Tensor, scale: float, to: Tensor) -> None:
    """Put into `to` the numbers that stay, scaled, and zeros for the others."""
    narrow = tensor.dtype == torch.bfloat16
    kernels("keep_drawn", tensor.numel(), tensor, kept, scale, to, narrow)


class _Dropped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, probability: float, kernels: Kernels) -> Tensor:
        kept = torch.empty(tensor.shape, dtype=torch.uint8)
        draw_kept(kernels, kept, probability)
        ctx.kernels, ctx.scale, ctx.kept = kernels, scale_of(probability, tensor.dtype), kept
        dropped = torch.empty_like(tensor)
        apply_kept(kernels, tensor, kept, ctx.scale, dropped)
        return dropped

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        gradient = gradient.contiguous()
        to_tensor = torch.empty_like(gradient)
        apply_kept(ctx.kernels, gradient, ctx.kept, ctx.scale, to_tensor)
        return to_tensor, None, None
