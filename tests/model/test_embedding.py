"""Where embedding rows begin."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from bench.data.vectors.lookup import VectorRows
from bench.data.vocabulary import PAD_ID
from bench.model.config import ModelConfig
from bench.model.embedding import build_embedding
from bench.model.output import OutputLayer

DIM, NUM_TOKENS = 4, 30
FASTTEXT = ModelConfig(embedding_dim=DIM, embedding_init="fasttext")


def rows() -> VectorRows:
    found = np.zeros(NUM_TOKENS, dtype=bool)
    found[5:25] = True
    values = np.random.default_rng(1).normal(0, 0.3, (NUM_TOKENS, DIM)).astype(np.float32)
    return VectorRows(values * found[:, None], found)


def weight(
    config: ModelConfig, vectors: VectorRows | None = None, *, seed: int = 1
) -> torch.Tensor:
    torch.manual_seed(0)
    return build_embedding(config, NUM_TOKENS, vectors, seed=seed).weight.detach()


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_rows_begin_at_vectors_times_the_scale(scale: float) -> None:
    """Words without one keep the random row that they would have had anyway."""
    vectors = rows()
    begun = weight(replace(FASTTEXT, embedding_scale=scale), vectors)

    found = torch.from_numpy(vectors.found)
    torch.testing.assert_close(begun[found], torch.from_numpy(vectors.rows[vectors.found]) * scale)
    torch.testing.assert_close(begun[~found], weight(ModelConfig(embedding_dim=DIM))[~found])
    assert begun[PAD_ID].eq(0).all()


@pytest.mark.parametrize("std", [1.0, 0.5])
def test_unit_scale_brings_vectors_to_the_deviation_of_random_rows(std: float) -> None:
    """Over all entries together."""
    config = replace(FASTTEXT, embedding_scale="unit", embedding_std=std)
    begun = weight(config, rows())[5:25]

    assert begun.std().item() == pytest.approx(std, rel=1e-5)


def test_shuffled_rows_are_those_of_other_words() -> None:
    """The same set of vectors, each at another place, by the run's seed."""
    config = replace(FASTTEXT, embedding_init="shuffled")
    straight, shuffled = weight(FASTTEXT, rows())[5:25], weight(config, rows())[5:25]
    other = weight(config, rows(), seed=2)[5:25]

    assert sorted(shuffled.tolist()) == sorted(straight.tolist())
    assert not torch.equal(shuffled, straight)
    assert not torch.equal(shuffled, other)


def test_an_output_matrix_can_begin_as_wide_as_embeddings() -> None:
    """At the deviation asked for; a tied one begins elsewhere, so that is refused."""
    embedding = nn.Embedding(500, 8)
    config = ModelConfig(embedding_dim=8, decoder_hidden_size=8)

    usual = OutputLayer(config, embedding=embedding).linear.weight
    wide = OutputLayer(replace(config, output_std=1.0), embedding=embedding).linear.weight

    assert usual.std().item() < 0.5
    assert wide.std().item() == pytest.approx(1.0, rel=0.05)
    with pytest.raises(ValidationError, match="for an untied output matrix"):
        replace(config, output_std=1.0, tie_output_weights="tied")


def test_scaling_nothing_is_refused() -> None:
    """A scale on random rows would silently do nothing."""
    with pytest.raises(ValidationError, match="nothing to scale"):
        ModelConfig(embedding_scale=3.0)
