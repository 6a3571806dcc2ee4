"""Token vectors."""

import torch
from torch import nn

from bench.data.vocabulary import PAD_ID


def build_embedding(num_tokens: int, dim: int, *, scale: float) -> nn.Embedding:
    """Make rows drawn from N(0, 1) × `scale`; the padding row is zero and stays so."""
    embedding = nn.Embedding(num_tokens, dim, padding_idx=PAD_ID)
    with torch.no_grad():
        embedding.weight.mul_(scale)
    return embedding
