"""Whole sequences in few passes, against the same steps in torch."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from bench.compiled.library import load_kernels, reference_only
from bench.data.batching import Batch, collate
from bench.data.prepared import PreparedCorpus
from bench.data.vocabulary import PAD_ID
from bench.model.attention import AdditiveAttention
from bench.model.cells import CELLS
from bench.model.config import ModelConfig
from bench.model.fused.tape import Step, backwards, forwards
from bench.model.seq2seq import Seq2Seq
from bench.training.config import Precision, TrainingConfig
from bench.training.trainer import batch_loss
from tests.conftest import TINY, build

pytestmark = pytest.mark.skipif(load_kernels() is None, reason="no C compiler here")
MODELS = {
    "gru": TINY,
    "lstm": replace(TINY, cell="lstm"),
    "rnn": replace(TINY, cell="rnn", bidirectional=True),
    "both directions": replace(TINY, bidirectional=True, num_layers=3),
    "attention": replace(TINY, attention="additive", bidirectional=True),
    "lstm, attention": replace(TINY, cell="lstm", attention="additive", num_layers=1),
    "padding read": replace(TINY, attention="additive", mask_padding=False),
    "tied": replace(TINY, tie_output_weights="tied", attention="additive"),
    "dot": replace(TINY, attention="dot"),
    "dot, padding read": replace(TINY, attention="dot", mask_padding=False),
    "lstm, dot, wide": replace(
        TINY, cell="lstm", attention="dot", hidden_size=20, decoder_hidden_size=37
    ),
    "scaled dot": replace(TINY, attention="scaled_dot", bidirectional=True),
    **{  # widths of whole vectors and some more, as 300 is
        f"{cell}, wide": replace(
            TINY, cell=cell, attention="additive", hidden_size=20, decoder_hidden_size=37
        )
        for cell in ("rnn", "gru", "lstm")
    },
    "cells": replace(TINY, cell_decoder=True),
    "cells, deep": replace(TINY, cell_decoder=True, num_layers=3),
}
FED = {"forced": None, "free": [False] * 20, "mixed": [place % 3 == 0 for place in range(20)]}


@pytest.fixture
def batch(digits: PreparedCorpus) -> Batch:
    """Sentences of several lengths, not sorted."""
    return collate(digits.load_split("train"), np.arange(7))


def learn(
    model: Seq2Seq, batch: Batch, forced: Sequence[bool] | None, precision: Precision
) -> list[Tensor]:
    """Return the loss and all gradients."""
    config = TrainingConfig(epochs=1, learning_rate=0.1, precision=precision)
    torch.manual_seed(3)  # the same numbers are dropped
    fed = None if forced is None else forced[: batch.target.shape[1]]
    loss = batch_loss(model, batch, config, forced=fed)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return [loss.detach(), *gradients]


@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS.keys())
@pytest.mark.parametrize("forced", FED.values(), ids=FED.keys())
def test_loss_and_gradients_are_the_references(
    digits: PreparedCorpus, batch: Batch, config: ModelConfig, forced: Sequence[bool] | None
) -> None:
    """In float32, with dropout, whoever chooses the tokens."""
    model = build(digits, config).train()

    found = learn(model, batch, forced, "float32")
    with reference_only():
        expected = learn(model, batch, forced, "float32")

    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS.keys())
def test_narrow_products_stay_close(
    digits: PreparedCorpus, batch: Batch, config: ModelConfig
) -> None:
    """In bfloat16, as close to float32 as the reference in bfloat16 is, or nearly so."""
    model = build(digits, config).train()

    found = learn(model, batch, None, "bfloat16")
    with reference_only():
        alike = learn(model, batch, None, "bfloat16")
        expected = learn(model, batch, None, "float32")

    off, usual = (
        sum(float((one - other).norm()) for one, other in zip(some, expected, strict=True))
        for some in (found, alike)
    )
    assert 0 < off < 1.3 * usual


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm, attention", "attention", "scaled dot"])
def test_steps_one_by_one_are_the_sequence(digits: PreparedCorpus, batch: Batch, name: str) -> None:
    """What a translation goes on from is what training saw."""
    model = build(digits, MODELS[name]).eval()

    with torch.no_grad():
        whole = model.features(batch)
        context, steps = model.start(batch.source, batch.source_lengths), []
        for tokens in batch.decoder_input.unbind(1):
            features, context = model.advance(tokens, context)
            steps.append(features)

    torch.testing.assert_close(whole, batch.real(torch.stack(steps, dim=1)))


@pytest.mark.parametrize("name", ["attention", "dot", "rnn, wide"])
@pytest.mark.parametrize("hypotheses", [1, 3])
def test_sentences_that_stay_see_what_is_their_own(
    digits: PreparedCorpus, batch: Batch, name: str, hypotheses: int
) -> None:
    """After others have left twice, as if these had been alone from the beginning."""
    model, told = build(digits, MODELS[name]).eval(), batch.decoder_input

    def said(stays: list[list[int]], present: Tensor) -> Tensor:
        context = model.start(batch.source[present], batch.source_lengths[present])
        context = context.spread(hypotheses)
        for place, staying in enumerate(stays):
            tokens = told[present, place].repeat_interleave(hypotheses)
            _, context = model.advance(tokens, context)
            context = context.select(torch.tensor(staying), of=len(present))
            present = present[staying]
        return model.advance(told[present, 2].repeat_interleave(hypotheses), context)[0]

    with torch.no_grad():
        found = said([[1, 2, 4, 6], [0, 3]], torch.arange(7))
        with reference_only():
            copied = said([[1, 2, 4, 6], [0, 3]], torch.arange(7))
            expected = said([[0, 1], [0, 1]], torch.tensor([1, 6]))

    torch.testing.assert_close(copied, expected)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", ["attention", "dot", "scaled dot"])
def test_attention_weights_are_the_references(
    digits: PreparedCorpus, batch: Batch, name: str
) -> None:
    """Rows of sum one, nothing on padding."""
    model = build(digits, MODELS[name]).eval()

    with torch.no_grad():
        found = model.attention_weights(batch)
        with reference_only():
            expected = model.attention_weights(batch)

    torch.testing.assert_close(found, expected)
    assert not found.masked_select((batch.source == PAD_ID)[:, None]).any()


@pytest.mark.parametrize("farther", [1e4, 300.0, 30.0])
@pytest.mark.parametrize("shift", [0.0, -25.0, 60.0])
def test_keys_and_queries_far_out_weigh_as_in_the_reference(
    digits: PreparedCorpus, batch: Batch, farther: float, shift: float
) -> None:
    """Where powers are no numbers any more, and where both are far out and meet halfway."""
    model = build(digits, MODELS["attention"]).eval()
    attention = model.decoder.attention
    assert isinstance(attention, AdditiveAttention)

    with torch.no_grad():
        attention.to_keys.weight *= farther
        attention.to_query.bias += shift
        attention.score.weight *= 8
        found = model.attention_weights(batch)
        with reference_only():
            expected = model.attention_weights(batch)

    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["gru", "lstm, attention"])
def test_gradients_are_made_once(digits: PreparedCorpus, batch: Batch, name: str) -> None:
    """Since they take the place of what they are made of: a second time is refused, not wrong."""
    total = build(digits, MODELS[name]).features(batch).sum()
    total.backward(retain_graph=True)

    with pytest.raises(RuntimeError, match="read the sequence again"):
        total.backward()


def test_a_cell_without_compiled_passes_is_computed_in_torch(
    digits: PreparedCorpus, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encoder and decoder, to the last digit of the reference."""
    monkeypatch.setitem(CELLS, "rnn", CELLS["rnn"]._replace(num_kept=0))
    model = build(digits, replace(TINY, cell="rnn", bidirectional=True)).eval()

    features = model.features(batch)
    with reference_only():
        expected = model.features(batch)

    assert features.grad_fn is not None
    torch.testing.assert_close(features, expected, atol=0, rtol=0)


def test_steps_lie_where_they_are_written() -> None:
    """Three sentences of three, two and two tokens, from both ends."""
    assert forwards([3, 3, 1]) == [Step(0, 3, 3, 3), Step(3, 3, 1, 6), Step(6, 1, 0, 7)]
    assert backwards([3, 3, 1]) == [Step(6, 1, 1, 3), Step(3, 3, 3, 0), Step(0, 3, 0, 0)]
