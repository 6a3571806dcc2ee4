"""Token vectors, drawn at random or begun at those of fastText.

Shapes: V tokens, E features.
"""

import torch
from torch import Tensor, nn

from bench.data.vectors.lookup import VectorRows
from bench.data.vocabulary import PAD_ID
from bench.model.config import ModelConfig
from bench.seeding import generator


def build_embedding(
    config: ModelConfig, num_tokens: int, vectors: VectorRows | None, *, seed: int
) -> nn.Embedding:
    """Make rows drawn from N(0, embedding_std²) and put vectors in the place of some.

    The random rows are the same whatever is put in place of others; the padding row is zero,
    and stays so unless the output layer shares it.

    Args:
        config: how rows begin.
        num_tokens: V.
        vectors: of the vocabulary; None for random rows alone.
        seed: the run's, for `embedding_init = "shuffled"`.
    """
    blank = torch.empty(num_tokens, config.embedding_dim)
    embedding = nn.Embedding(num_tokens, config.embedding_dim, padding_idx=PAD_ID, _weight=blank)
    if blank.is_meta:  # a shape alone; to draw its numbers torch would load its compiler
        return embedding
    embedding.reset_parameters()
    with torch.no_grad():
        embedding.weight.mul_(config.embedding_std)
        if vectors is not None:
            found = torch.from_numpy(vectors.found)
            embedding.weight[found] = _initial_rows(config, vectors, seed)
    return embedding


def _initial_rows(config: ModelConfig, vectors: VectorRows, seed: int) -> Tensor:
    rows = torch.from_numpy(vectors.rows[vectors.found])
    if config.embedding_init == "shuffled":
        order = torch.randperm(len(rows), generator=generator(seed, "shuffled vectors"))
        rows = rows[order]
    if config.embedding_scale == "unit":
        return rows * (config.embedding_std / rows.std())
    return rows * config.embedding_scale
