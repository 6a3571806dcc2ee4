"""Attention: which encoder outputs matter to the decoder just now.

Shapes: B sentences, S source tokens, K encoder features, H decoder features, A hidden features.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.model.config import AttentionKind


class Memory(NamedTuple):
    """What the encoder made of the source, ready to be looked at."""

    values: Tensor  # (B, S, K), the encoder's outputs
    keys: Tensor  # (B, S, A), what queries are compared with
    mask: Tensor | None  # (B, S), true where one may look; None: everywhere

    def select(self, rows: Tensor) -> "Memory":
        """Take some sentences, in a new order."""
        mask = None if self.mask is None else self.mask[rows]
        return Memory(self.values[rows], self.keys[rows], mask)


class Attended(NamedTuple):
    """What one look gives."""

    context: Tensor  # (B, K)
    weights: Tensor  # (B, S), non-negative, of sum 1


class AdditiveAttention(nn.Module):
    """The lesson's: v · tanh(W₁ e + W₂ h) (Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473).

    W₂ has a bias, which stands for W₁'s as well.
    """

    def __init__(self, *, query_size: int, key_size: int, hidden_size: int) -> None:
        super().__init__()
        self.to_keys = nn.Linear(key_size, hidden_size, bias=False)
        self.to_query = nn.Linear(query_size, hidden_size)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def remember(self, outputs: Tensor, mask: Tensor | None) -> Memory:
        """Do once per sentence what does not depend on the query."""
        return Memory(outputs, self.to_keys(outputs), mask)

    def forward(self, query: Tensor, memory: Memory) -> Attended:
        """Look with the queries that `to_query` made of decoder states, (B, A)."""
        hidden = torch.tanh(memory.keys + query[:, None])
        return _weigh(self.score(hidden).squeeze(-1), memory)


class DotAttention(nn.Module):
    """e · W h, "general" (Luong et al. 2015, https://arxiv.org/abs/1508.04025, section 3.1)."""

    def __init__(self, *, query_size: int, key_size: int, hidden_size: int) -> None:  # noqa: ARG002
        super().__init__()
        self.to_query = nn.Linear(query_size, key_size, bias=False)

    def remember(self, outputs: Tensor, mask: Tensor | None) -> Memory:
        """Keep the outputs: they are their own keys."""
        return Memory(outputs, outputs, mask)

    def forward(self, query: Tensor, memory: Memory) -> Attended:
        """Look with the queries that `to_query` made of decoder states, (B, K)."""
        scores = torch.bmm(memory.keys, query[:, :, None]).squeeze(-1)
        return _weigh(scores, memory)


ATTENTIONS: dict[AttentionKind, type[AdditiveAttention] | type[DotAttention]] = {
    "additive": AdditiveAttention,
    "dot": DotAttention,
}


def _weigh(scores: Tensor, memory: Memory) -> Attended:
    if memory.mask is not None:
        scores = scores.masked_fill(~memory.mask, -torch.inf)
    weights = scores.softmax(-1)
    context = torch.bmm(weights[:, None].to(memory.values.dtype), memory.values).squeeze(1)
    return Attended(context, weights)
