"""The translator."""

import copy
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.compiled.library import reference_only
from bench.data.batching import Batch, collate
from bench.data.prepared import PreparedCorpus
from bench.data.vocabulary import PAD_ID
from bench.errors import ConfigError
from bench.model import products, recurrent
from bench.model.config import DROPOUTS, SIZES, ModelConfig, OutputWeights
from bench.model.matching import match_parameters, parameters_of
from bench.model.seq2seq import build_on_meta, count_parameters
from bench.training.checkpoint import load_weights, save_weights
from bench.training.config import TrainingConfig
from bench.training.optimization import build_optimizer
from tests.conftest import TINY, build
from tests.reference.lesson import Lesson

VARIANTS = {
    "gru": TINY,
    "lstm": replace(TINY, cell="lstm"),
    "rnn": replace(TINY, cell="rnn"),
    "bidirectional": replace(TINY, bidirectional=True),
    "bidirectional lstm": replace(TINY, cell="lstm", bidirectional=True),
    "tied": replace(TINY, tie_output_weights="tied", decoder_hidden_size=TINY.embedding_dim),
    "tied with projection": replace(TINY, tie_output_weights="tied"),
    "one layer": replace(TINY, num_layers=1),
    "attention": replace(TINY, attention="additive"),
    "dot attention": replace(TINY, attention="dot", cell="lstm"),
    "all of the lesson": replace(TINY, attention="additive", bidirectional=True),
    "cells": replace(TINY, cell_decoder=True),
    "lstm cells": replace(TINY, cell_decoder=True, cell="lstm"),
    "started equal": replace(TINY, tie_output_weights="started_equal"),
    "tied as in the lesson": replace(TINY, tie_output_weights="lesson"),
}
variants = pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())


def batch_of(prepared: PreparedCorpus, *, size: int = 5) -> Batch:
    split = prepared.load_split("train")
    order = np.argsort(split.source.lengths, kind="stable")
    return collate(split, order[:: len(order) // size][:size])  # of very different lengths


def unpadded(prepared: PreparedCorpus, batch: Batch) -> list[Batch]:
    split = prepared.load_split("train")
    return [collate(split, np.asarray([index])) for index in batch.indices]


@variants
@pytest.mark.parametrize("forcing", ["forced", "free", "mixed"])
def test_the_model_computes_what_the_lesson_says(
    digits: PreparedCorpus, config: ModelConfig, forcing: str
) -> None:
    """Logits equal a literal, slow implementation to 1e-5, whoever feeds the decoder."""
    model = build(digits, config).eval()
    lesson = Lesson(model, config.cell)
    batch = batch_of(digits)
    length = batch.target.shape[1]
    forced = {"forced": [True] * length, "free": [False] * length}.get(
        forcing, [position % 2 == 0 for position in range(length)]
    )

    with torch.no_grad():
        logits = model(batch, forced=None if forcing == "forced" else forced)
        literal = [
            lesson.logits(one.source[0], one.target[0], forced) for one in unpadded(digits, batch)
        ]

    torch.testing.assert_close(logits, torch.cat(literal), atol=1e-5, rtol=1e-5)


@variants
def test_padding_changes_nothing(digits: PreparedCorpus, config: ModelConfig) -> None:
    """A sentence gets the same logits alone and among longer ones."""
    model = build(digits, config).eval()
    batch = batch_of(digits)

    with torch.no_grad():
        together = model(batch)
        alone = torch.cat([model(one) for one in unpadded(digits, batch)])

    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)


@variants
def test_what_lies_in_the_padding_does_not_matter(
    digits: PreparedCorpus, config: ModelConfig
) -> None:
    """Other tokens beyond a source sentence's end change no logit."""
    model = build(digits, config).eval()
    batch = batch_of(digits)
    dirty = batch._replace(source=batch.source.masked_fill(batch.source == PAD_ID, 5))

    with torch.no_grad():
        torch.testing.assert_close(model(dirty), model(batch), atol=0, rtol=0)


@variants
def test_every_parameter_learns(digits: PreparedCorpus, config: ModelConfig) -> None:
    """No part of the model is out of reach of the loss."""
    model = build(digits, config)

    model(batch_of(digits)).logsumexp(-1).sum().backward()

    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("ties", ["untied", "tied", "lesson", "started_equal"])
@pytest.mark.parametrize("decoder_hidden_size", [TINY.embedding_dim, TINY.embedding_dim + 2])
def test_ties_hold_and_are_counted(
    digits: PreparedCorpus, tmp_path: Path, ties: OutputWeights, decoder_hidden_size: int
) -> None:
    """As built, moved, copied and read from disk: what is one is one, what is two is two."""
    config = replace(TINY, tie_output_weights=ties, decoder_hidden_size=decoder_hidden_size)
    built = build(digits, config)
    save_weights(tmp_path / "weights.safetensors", built)
    loaded = build(digits, config, seed=2)
    load_weights(tmp_path / "weights.safetensors", loaded)
    moved = build(digits, config).to("cpu", torch.float64).to(torch.float32)
    models = (built, moved, copy.deepcopy(built), loaded)

    for model in models:
        matrix, embedding = model.output.linear.weight, model.decoder.embedding.weight
        assert (matrix is embedding) == (ties == "tied")
        assert (matrix.data_ptr() == embedding.data_ptr()) == (ties in {"tied", "lesson"})
        assert torch.equal(matrix, embedding) == (ties != "untied")
        torch.testing.assert_close(matrix, built.output.linear.weight)

    untied = build(digits, replace(config, tie_output_weights="untied"))
    vocabulary, width = embedding.shape
    projected = decoder_hidden_size * width if decoder_hidden_size != width else 0
    expected = {
        "untied": count_parameters(untied),
        "started_equal": count_parameters(untied)
        + projected
        - vocabulary * (decoder_hidden_size - width),
    }
    expected["tied"] = expected["lesson"] = expected["started_equal"] - embedding.numel()
    assert {count_parameters(model) for model in models} == {expected[ties]}


def test_the_lessons_tie_has_two_optimiser_states(digits: PreparedCorpus) -> None:
    """One memory, two parameters: a step moves it twice, and both see the other's move."""
    model = build(digits, replace(TINY, tie_output_weights="lesson", decoder_hidden_size=8))
    optimizer = build_optimizer(model, TrainingConfig())
    matrix, embedding = model.output.linear.weight, model.decoder.embedding.weight

    model(batch_of(digits)).logsumexp(-1).sum().backward()
    optimizer.step()

    assert matrix in optimizer.state
    assert embedding in optimizer.state
    assert matrix.grad is not embedding.grad
    assert torch.equal(matrix, embedding)


def test_attention_weights_tell_where_the_decoder_looked(digits: PreparedCorpus) -> None:
    """For each target position a distribution over the real source tokens."""
    batch = batch_of(digits)
    weights = build(digits, VARIANTS["attention"]).eval().attention_weights(batch)

    assert weights.shape == (*batch.target.shape, batch.source.shape[1])
    torch.testing.assert_close(weights.sum(-1), torch.ones(batch.target.shape))
    padding = (batch.source == PAD_ID)[:, None].expand_as(weights)
    assert weights[padding].eq(0).all()
    with pytest.raises(ValueError, match="no attention"):
        build(digits).attention_weights(batch)


def test_one_step_cells_are_the_sequence_module(digits: PreparedCorpus) -> None:
    """The same seed gives the same logits, fed the reference or not."""
    for cell in ("rnn", "gru", "lstm"):
        config = replace(TINY, cell=cell)
        whole, cells = (
            build(digits, replace(config, cell_decoder=stepped)).eval() for stepped in (False, True)
        )
        batch = batch_of(digits)
        for forced in (None, [False] * batch.target.shape[1]):
            with torch.no_grad():
                torch.testing.assert_close(
                    cells(batch, forced=forced), whole(batch, forced=forced), atol=1e-6, rtol=1e-5
                )


def test_variants_share_what_they_can(digits: PreparedCorpus) -> None:
    """The same seed draws the same embeddings for a GRU and an LSTM; another seed others."""
    gru, lstm = build(digits, VARIANTS["gru"]), build(digits, VARIANTS["lstm"])
    other = build(digits, VARIANTS["gru"], seed=2)

    torch.testing.assert_close(gru.encoder.embedding.weight, lstm.encoder.embedding.weight)
    torch.testing.assert_close(gru.decoder.embedding.weight, lstm.decoder.embedding.weight)
    assert not torch.equal(gru.encoder.embedding.weight, other.encoder.embedding.weight)


def test_building_a_model_leaves_other_chance_alone(digits: PreparedCorpus) -> None:
    """The global generator stands where it stood."""
    before = torch.random.get_rng_state()

    build(digits)

    assert torch.equal(before, torch.random.get_rng_state())


def test_an_lstm_reads_in_bfloat16_on_any_processor(
    digits: PreparedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where oneDNN knows no bfloat16 too, of which it would make no LSTM: without it then."""
    for module in (products, recurrent):
        monkeypatch.setattr(module, "knows_bfloat16", lambda: False)
    model = build(digits, VARIANTS["lstm"]).eval()
    batch = collate(digits.load_split("train"), np.arange(5))
    with reference_only(), torch.autocast("cpu", torch.bfloat16):
        narrow = model(batch)

    assert torch.backends.mkldnn.enabled
    torch.testing.assert_close(narrow.float(), model(batch), atol=0.02, rtol=0.02)


def test_an_lstm_begins_by_remembering(digits: PreparedCorpus) -> None:
    """Its forget gates are biased to one, on both sides, in every layer."""
    stack = build(digits, VARIANTS["lstm"]).decoder.recurrent.stack

    for layer in range(2):
        entry, forget, new, output = getattr(stack, f"bias_hh_l{layer}").chunk(4)
        assert forget.eq(1).all()
        assert not any(gate.eq(1).any() for gate in (entry, new, output))


def test_random_rows_have_the_deviation_asked_for(digits: PreparedCorpus) -> None:
    """The padding row stays zero."""
    unit = build(digits, TINY).encoder.embedding.weight
    narrow = build(digits, replace(TINY, embedding_std=0.3)).encoder.embedding.weight

    torch.testing.assert_close(narrow, unit * 0.3)
    assert narrow[PAD_ID].eq(0).all()


def test_some_settings_decide_the_size_and_the_others_do_not() -> None:
    """So that a search which leaves the size alone can be told from one that does not."""
    others: dict[str, object] = {
        "cell": "lstm", "lstm_forget_bias": 0.0, "bidirectional": True, "attention": "dot",
        "cell_decoder": True, "mask_padding": False, "tie_output_weights": "tied",
        "output_std": 0.5, "embedding_std": 0.5, "dropout_scale": 0.5, "num_layers": 1,
    }  # fmt: skip
    untold = {"embedding_init", "embedding_init_sides", "embedding_scale"}  # about numbers alone
    others |= {name: 0.01 for name in DROPOUTS}
    others |= {name: 17 for name in ("embedding_dim", "hidden_size", "decoder_hidden_size")}
    assert {field.name for field in fields(ModelConfig)} == {*others, *untold}

    def count(config: ModelConfig) -> int:
        return count_parameters(build_on_meta(config, source_tokens=30, target_tokens=20))

    changing = {
        name
        for name, value in others.items()
        if count(replace(ModelConfig(), **{name: value})) != count(ModelConfig())  # type: ignore[arg-type]
    }
    assert changing == SIZES


def test_a_matched_model_has_as_many_parameters() -> None:
    """Within one per cent, at the sizes of both profiles."""
    for sizes in ({"hidden_size": 128, "decoder_hidden_size": 128}, {}):
        gru = ModelConfig(**sizes)
        lstm = replace(gru, cell="lstm")
        goal = parameters_of(gru, source_tokens=3_000, target_tokens=2_000)

        matched = match_parameters(lstm, goal, source_tokens=3_000, target_tokens=2_000)

        found = parameters_of(matched, source_tokens=3_000, target_tokens=2_000)
        assert abs(found - goal) <= 0.01 * goal
        assert matched.hidden_size < lstm.hidden_size


def test_a_match_that_cannot_be_is_refused() -> None:
    """Embeddings alone may be more than there should be in all."""
    wide = ModelConfig(embedding_dim=512)

    with pytest.raises(ConfigError, match="no hidden size gives about"):
        match_parameters(wide, 100_000, source_tokens=3_000, target_tokens=2_000)


def test_one_dial_scales_all_dropouts(digits: PreparedCorpus) -> None:
    """Zero switches them off: training and evaluation compute the same."""
    model = build(digits, replace(TINY, dropout_scale=0.0))
    batch = batch_of(digits)

    torch.testing.assert_close(model.train()(batch), model.eval()(batch))


@pytest.mark.parametrize("name", DROPOUTS)
def test_each_dropout_makes_training_another_thing(digits: PreparedCorpus, name: str) -> None:
    """By itself, with all others off."""
    alone = replace(TINY, **{each: 0.5 if each == name else 0.0 for each in DROPOUTS})
    model, batch = build(digits, alone), batch_of(digits)

    assert not torch.equal(model.train()(batch), model.eval()(batch))


@pytest.mark.parametrize("name", DROPOUTS)
def test_a_dropout_scaled_to_one_is_refused(name: str) -> None:
    """It would leave nothing."""
    with pytest.raises(ValueError, match=f"{name} × dropout_scale must stay below 1"):
        ModelConfig(**{name: 0.5, "dropout_scale": 2.0})
