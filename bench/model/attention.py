"""Attention: which encoder outputs matter to the decoder just now.

Shapes: B sentences, S source tokens, K encoder features, H decoder features, A hidden features,
I features of the decoder's input; Q queries, as many for each sentence: one, or in beam search one
a hypothesis.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.compiled.library import kernels_for
from bench.model.config import AttentionKind
from bench.model.products import Linear

FARTHEST = 43.0
"""Doubled keys that compiled looks can weigh: a query that powers cannot hold is beyond ±87, and
then all of these meet it where σ is 0 or 1."""


class Memory(NamedTuple):
    """What the encoder made of the source, ready to be looked at."""

    values: Tensor  # (B, S, I), what each of the encoder's outputs adds to the decoder's input
    keys: Tensor  # (B, S, A), or of dot products (B, S, K): what queries are compared with
    mask: Tensor | None  # (B, S), true where one may look; None: everywhere
    compared: Tensor | None = None  # (B, S, A), with queries by compiled looks; None: none can be

    def select(self, kept: Tensor) -> "Memory":
        """Take some sentences, by their places; what dot products compare are the keys, once."""
        values, keys = self.values.index_select(0, kept), self.keys.index_select(0, kept)
        mask = None if self.mask is None else self.mask.index_select(0, kept)
        if self.compared is None:
            return Memory(values, keys, mask)
        is_keys = self.compared is self.keys
        return Memory(values, keys, mask, keys if is_keys else self.compared.index_select(0, kept))


class Attended(NamedTuple):
    """What one look gives."""

    context: Tensor  # (Q, I)
    weights: Tensor  # (Q, S), non-negative, of sum 1


class AdditiveAttention(nn.Module):
    """The lesson's: v · tanh(W₁ e + W₂ h) (Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473).

    W₂ has a bias, which stands for W₁'s as well. Since tanh x = 2σ(2x) − 1, and a softmax does not
    see what is added to all scores, 2v · σ(2W₁ e + 2W₂ h) gives the same weights. On a CPU torch's
    sigmoid takes a seventh of the time of its tanh.
    """

    def __init__(self, *, query_size: int, key_size: int, hidden_size: int) -> None:
        super().__init__()
        self.to_keys = Linear(key_size, hidden_size, bias=False)
        self.to_query = Linear(query_size, hidden_size)
        self.score = Linear(hidden_size, 1, bias=False)

    def remember(self, outputs: Tensor, values: Tensor, mask: Tensor | None) -> Memory:
        """Do once per sentence what does not depend on the query; outputs are (B, S, K)."""
        keys = 2 * self.to_keys(outputs)
        return Memory(values, keys, mask, None if kernels_for(keys) is None else odds_against(keys))

    def forward(self, query: Tensor, memory: Memory) -> Attended:
        """Look with the queries that `to_query` made of decoder states, (Q, A)."""
        doubled = memory.keys[:, None] + 2 * _by_sentence(query, memory)[:, :, None]
        return _weigh(2 * self.score(doubled.sigmoid_()).squeeze(-1), memory)


class DotAttention(nn.Module):
    """e · W h, "general" (Luong et al. 2015, https://arxiv.org/abs/1508.04025, section 3.1)."""

    def __init__(self, *, query_size: int, key_size: int, hidden_size: int) -> None:  # noqa: ARG002
        super().__init__()
        self.to_query = Linear(query_size, key_size, bias=False)
        self.scale = 1.0

    def remember(self, outputs: Tensor, values: Tensor, mask: Tensor | None) -> Memory:
        """Keep the outputs (B, S, K): they are their own keys, in the format of products."""
        keys = outputs.to(values.dtype).contiguous()
        compared = keys.detach() if keys.requires_grad else keys
        return Memory(values, keys, mask, None if kernels_for(keys) is None else compared)

    def forward(self, query: Tensor, memory: Memory) -> Attended:
        """Look with the queries that `to_query` made of decoder states, (Q, K)."""
        asked = self.scale * _by_sentence(query, memory)
        return _weigh(torch.bmm(asked, memory.keys.transpose(1, 2)), memory)


class ScaledDotAttention(DotAttention):
    """e · W h / √K (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.2.1).

    Without the root a softmax soon sees one position alone, which is hard to learn away from.
    """

    def __init__(self, *, query_size: int, key_size: int, hidden_size: int) -> None:
        super().__init__(query_size=query_size, key_size=key_size, hidden_size=hidden_size)
        self.scale = 1 / math.sqrt(key_size)


Attention = AdditiveAttention | DotAttention

ATTENTIONS: dict[AttentionKind, type[Attention]] = {
    "additive": AdditiveAttention,
    "dot": DotAttention,
    "scaled_dot": ScaledDotAttention,
}


def odds_against(doubled: Tensor) -> Tensor | None:
    """Return e^−x of doubled keys (…), float32, without gradient; None where they lie too far out.

    σ(2k + 2q) is 1 / (1 + e^−2k · e^−2q): so a look takes a power of each query, not one of each
    query and key.
    """
    powers = doubled.detach().float().contiguous().neg()
    low, high = powers.aminmax()
    return powers.exp_() if low >= -FARTHEST and high <= FARTHEST else None


def _by_sentence(query: Tensor, memory: Memory) -> Tensor:
    """Lay the queries (Q, A) out as (B, Q / B, A)."""
    return query.view(len(memory.keys), -1, query.shape[-1])


def _weigh(scores: Tensor, memory: Memory) -> Attended:
    """Turn scores (B, Q / B, S) into what is seen."""
    if memory.mask is not None:
        scores = scores.masked_fill(~memory.mask[:, None], -torch.inf)
    weights = scores.softmax(-1)
    context = torch.bmm(weights.to(memory.values.dtype), memory.values)
    return Attended(context.flatten(0, 1), weights.flatten(0, 1))
