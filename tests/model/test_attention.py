"""Attention."""

import pytest
import torch

from bench.model.attention import ATTENTIONS, AdditiveAttention

# All sizes differ, so that a swapped dimension cannot pass unseen.
SENTENCES, SOURCE_TOKENS, QUERY_SIZE, KEY_SIZE, INPUT_SIZE = 2, 5, 3, 4, 6


@pytest.mark.parametrize("kind", ATTENTIONS)
@pytest.mark.parametrize("length", [1, 3, SOURCE_TOKENS])
def test_padding_changes_nothing(kind: str, length: int) -> None:
    """A sentence gets the same context whether or not it is padded; weights sum to one."""
    torch.manual_seed(0)
    attention = ATTENTIONS[kind](query_size=QUERY_SIZE, key_size=KEY_SIZE, hidden_size=7)
    query = torch.randn(SENTENCES, QUERY_SIZE)
    outputs = torch.randn(SENTENCES, SOURCE_TOKENS, KEY_SIZE)
    values = torch.randn(SENTENCES, SOURCE_TOKENS, INPUT_SIZE)
    mask = (torch.arange(SOURCE_TOKENS) < length).expand(SENTENCES, -1)

    memory = attention.remember(outputs, values, mask)
    cut = attention.remember(outputs[:, :length], values[:, :length], mask[:, :length])
    padded = attention(attention.to_query(query), memory)
    bare = attention(attention.to_query(query), cut)

    torch.testing.assert_close(padded.context, bare.context)
    assert padded.weights[:, length:].eq(0).all()
    torch.testing.assert_close(padded.weights.sum(-1), torch.ones(SENTENCES))


def test_additive_attention_scores_by_a_layer_of_tanh() -> None:
    """Scores are v · tanh(W₁ e + W₂ h), written out."""
    torch.manual_seed(0)
    attention = AdditiveAttention(query_size=QUERY_SIZE, key_size=KEY_SIZE, hidden_size=7)
    query, outputs = torch.randn(1, QUERY_SIZE), torch.randn(1, SOURCE_TOKENS, KEY_SIZE)

    memory = attention.remember(outputs, outputs, None)
    weights = attention(attention.to_query(query), memory).weights[0]

    hidden = torch.tanh(attention.to_keys(outputs[0]) + attention.to_query(query))
    scores = (hidden @ attention.score.weight.t()).flatten()
    torch.testing.assert_close(weights, scores.softmax(0))


@pytest.mark.parametrize(("kind", "scale"), [("dot", 1.0), ("scaled_dot", KEY_SIZE**-0.5)])
def test_dot_attention_is_a_bilinear_form(kind: str, scale: float) -> None:
    """Scores are e · W h, written out, scaled by the root of the features or not."""
    torch.manual_seed(0)
    attention = ATTENTIONS[kind](query_size=QUERY_SIZE, key_size=KEY_SIZE, hidden_size=7)
    query, outputs = torch.randn(1, QUERY_SIZE), torch.randn(1, SOURCE_TOKENS, KEY_SIZE)

    memory = attention.remember(outputs, outputs, None)
    weights = attention(attention.to_query(query), memory).weights[0]

    scores = [scale * output @ (attention.to_query.weight @ query[0]) for output in outputs[0]]
    torch.testing.assert_close(weights, torch.stack(scores).softmax(0))
