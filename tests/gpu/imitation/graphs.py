"""CUDA graphs on the imitated GPU: what was recorded is done again, in the places it was given."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tests.gpu.imitation.tensors import waits


def make_graphed_callables(
    sequence: nn.Module, places: Sequence[Tensor], **_: object
) -> Callable[..., Tensor]:
    """Record a module as `torch.cuda.make_graphed_callables` does.

    Raises:
        RuntimeError: when the host would have waited, which nothing that is recorded may do.
    """
    parameters = tuple(each for each in sequence.parameters() if each.requires_grad)
    takes = (*places, *parameters)

    def back(outputs: Tensor, gradient: Tensor) -> tuple[Tensor | None, ...]:
        wanted = [each for each in takes if each.requires_grad]
        found = iter(torch.autograd.grad(outputs, wanted, gradient, allow_unused=True))
        return tuple(next(found) if each.requires_grad else None for each in takes)

    class Replay(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *given: Tensor) -> Tensor:
            with torch.no_grad():
                for place, each in zip(places, given, strict=False):
                    assert (place.shape, place.dtype) == (each.shape, each.dtype)
                    place.copy_(each)
            with torch.enable_grad():
                ctx.outputs = sequence(*places)
            return ctx.outputs.detach()

        @staticmethod
        def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
            return back(ctx.outputs, gradient)

    chance, waited = torch.get_rng_state(), len(waits)
    with torch.enable_grad():
        outputs = sequence(*places)
        back(outputs, torch.zeros_like(outputs))
    torch.set_rng_state(chance)  # to record draws nothing
    if len(waits) > waited:
        raise RuntimeError(f"not permitted when a stream is capturing: {waits[-1]}")
    return lambda *given: Replay.apply(*given, *parameters)
