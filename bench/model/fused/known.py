"""A decoder's recurrent stack over a sequence that is known, and looks at nothing: layer by layer.

What `bench.model.fused.unrolled` gives too, step by step. Here a layer's inputs are multiplied at
once for all steps, as an encoder's are.

Shapes: B sentences, T steps, L layers, E features of an input, H decoder features.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from bench.model.dropout import drop
from bench.model.fused.layer import read_layer
from bench.model.fused.unrolled import Stack, Unrolled


def read(stack: Stack, inputs: Tensor, state: Sequence[Tensor]) -> Unrolled:
    """Read a sequence.

    Args:
        stack: what reads, without attention; what it drops is drawn for all steps of a layer.
        inputs: what the tokens bring, (T, B, E).
        state: to begin in, parts (L, B, H).
    """
    num_steps, num_sentences, _ = inputs.shape
    rows, sizes = inputs.flatten(0, 1), [num_sentences] * num_steps
    ended = []
    for depth, layer in enumerate(stack.layers):
        below = drop(rows, stack.dropout) if depth and stack.dropout else rows
        begun = [part[depth] for part in state]
        rows, (after,) = read_layer(stack.kernels, stack.cell, [layer], below, sizes, begun)
        ended.append(after)
    parts = tuple(torch.stack(part) for part in zip(*ended, strict=True))
    return Unrolled(rows.unflatten(0, (num_steps, num_sentences)), None, parts)
