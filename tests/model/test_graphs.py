"""Recorded sequences: padded up to round lengths and replayed, they are what they were."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bench.compiled.library import reference_only
from bench.data.batching import Batch, collate
from bench.data.prepared import PreparedCorpus
from bench.model import graphs, seq2seq
from bench.model.config import ModelConfig
from bench.model.seq2seq import Seq2Seq
from bench.training.config import TrainingConfig
from bench.training.trainer import batch_loss
from tests.conftest import TINY, build

MODELS = {
    "gru": TINY,
    "cells": replace(TINY, cell="lstm", cell_decoder=True),
    "additive": replace(TINY, attention="additive", bidirectional=True),
    "dot": replace(TINY, attention="dot", cell="lstm", tie_output_weights="tied"),
    "unmasked": replace(TINY, attention="additive", mask_padding=False),
}
QUIET = {
    f"{part}_dropout": 0.0 for part in ("embedding", "encoder", "bridge", "decoder", "output")
}  # rounds of other lengths draw other numbers


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Tensor]]:
    """Stand in for CUDA where there is none: what was recorded is computed anew.

    As a graph does, it takes tensors of the shapes that it was recorded with and no others, and
    all else as it was then.
    """
    recordings: list[Sequence[Tensor]] = []

    def record(
        sequence: nn.Module, places: Sequence[Tensor], *, num_warmup_iters: int, **named: object
    ) -> Callable[..., Tensor]:
        recordings.append(places)

        def replay(*inputs: Tensor) -> Tensor:
            for place, given in zip(places, inputs, strict=True):
                assert (place.shape, place.dtype) == (given.shape, given.dtype)
                assert place.requires_grad == given.requires_grad
            outputs: Tensor = sequence(*inputs)
            return outputs

        assert num_warmup_iters == 0
        assert named == {"allow_unused_input": True, "pool": (0, 1)}
        return replay

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", record)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: "here")
    monkeypatch.setattr(seq2seq, "is_recorded", lambda _: torch.is_grad_enabled())
    return recordings


def batches(prepared: PreparedCorpus) -> list[Batch]:
    """Lengths that are no multiple of eight, of different batches the same."""
    split = prepared.load_split("train")
    longest_first = np.argsort(-split.source.lengths)
    return [collate(split, longest_first[first : first + 7]) for first in (0, 7, 14, 200)]


def gradients(model: Seq2Seq, batch: Batch, forced: Sequence[bool] | None) -> list[Tensor]:
    """Return a loss and its gradients, as torch computes them alone."""
    model.zero_grad(set_to_none=True)
    with reference_only():
        loss = batch_loss(model, batch, TrainingConfig(precision="float32"), forced=forced)
        loss.backward()
    return [loss.detach(), *(each.grad for each in model.parameters() if each.grad is not None)]


@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS.keys())
@pytest.mark.parametrize("forcing", [None, 0.0, 0.5])
def test_a_recorded_sequence_gives_the_same_gradients(
    digits: PreparedCorpus,
    recorded: list[Sequence[Tensor]],
    config: ModelConfig,
    forcing: float | None,
) -> None:
    """With the reference fed everywhere, nowhere, and as another coin falls for each batch."""
    model = build(digits, replace(config, **QUIET)).train()
    twin, coin = deepcopy(model), np.random.default_rng(3)

    for batch in batches(digits):
        tosses = coin.random(batch.target.shape[1]).tolist()
        forced = None if forcing is None else [toss < forcing for toss in tosses]
        ours = gradients(model, batch, forced)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(seq2seq, "is_recorded", lambda _: False)
            expected = gradients(twin, batch, forced)
        torch.testing.assert_close(ours, expected)

    is_one_call = forcing is None and config.attention == "none" and not config.cell_decoder
    assert bool(recorded) != is_one_call


def test_a_shape_is_recorded_once(
    digits: PreparedCorpus, recorded: list[Sequence[Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is met again; beyond so many shapes none is, and stepped through as ever."""
    monkeypatch.setattr(graphs, "MOST", 1)
    model = build(digits, MODELS["additive"]).train()
    split = digits.load_split("train")
    few, more = collate(split, np.arange(3)), collate(split, np.arange(5))

    for batch in (few, few, few, more, more):
        gradients(model, batch, None)

    assert len(recorded) == 1


def test_lengths_are_rounded_and_what_was_added_is_not_looked_at(
    digits: PreparedCorpus, recorded: list[Sequence[Tensor]]
) -> None:
    """Embedded tokens, values and keys are padded to eight positions; the mask tells which."""
    model = build(digits, MODELS["unmasked"]).train()
    batch = batches(digits)[0]

    for _ in range(2):
        gradients(model, batch, None)

    embedded, values, keys, mask, _ = recorded[0]
    positions = batch.source.shape[1]
    assert {each.shape[1] % graphs.ROUND for each in (embedded, values, keys, mask)} == {0}
    assert mask[:, :positions].all()
    assert not mask[:, positions:].any()


@pytest.mark.parametrize(
    ("asked", "device", "grad", "expected"),
    [
        ("on", "cuda", True, True),
        ("", "cuda", True, False),
        ("off", "cuda", True, False),
        ("on", "cpu", True, False),
        ("on", "cuda", False, False),
    ],
)
def test_only_a_gpu_that_is_asked_to_records_and_only_for_training(
    monkeypatch: pytest.MonkeyPatch, asked: str, device: str, grad: bool, expected: bool
) -> None:
    """All else steps as before."""
    monkeypatch.setenv(graphs.SWITCH, asked)

    with torch.set_grad_enabled(grad):
        assert graphs.is_recorded(torch.device(device)) == expected


def test_a_model_that_moves_or_is_copied_records_anew(
    digits: PreparedCorpus, recorded: list[Sequence[Tensor]]
) -> None:
    """A graph knows its parameters by their places."""
    model = build(digits, MODELS["additive"]).train()
    batch = batches(digits)[0]

    for each in (model, model, deepcopy(model)):
        gradients(each, batch, None)
    before = len(recorded)
    model.double().float()
    gradients(model, batch, None)

    assert (before, len(recorded)) == (1, 1)


def test_where_recording_fails_the_sequence_runs_as_ever(
    digits: PreparedCorpus,
    recorded: list[Sequence[Tensor]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said once, and not tried again."""
    streams: list[object] = []
    attempts: list[object] = []

    def fail(*given: object, **_: object) -> None:
        attempts.append(given)
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", fail)
    monkeypatch.setattr(torch.cuda, "set_stream", streams.append)
    model = build(digits, replace(MODELS["additive"], **QUIET)).train()
    twin = deepcopy(model)
    batch = batches(digits)[0]

    found = [gradients(model, batch, None) for _ in range(4)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seq2seq, "is_recorded", lambda _: False)
        torch.testing.assert_close(found[-1], gradients(twin, batch, None))
    assert (len(attempts), streams, recorded) == (1, ["here"], [])
    assert "BENCH_GRAPHS: no CUDA graphs, operation not permitted" in caplog.text
