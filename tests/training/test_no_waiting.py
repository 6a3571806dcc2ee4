"""On a GPU a step must not wait: it may not ask what a number is."""

from contextlib import nullcontext
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from bench.data.batching import collate
from bench.data.prepared import PreparedCorpus
from bench.model.config import ModelConfig
from bench.model.seq2seq import build_on_meta
from bench.training.config import LossKind, TrainingConfig
from bench.training.trainer import batch_loss
from tests.conftest import TINY

MODELS = {
    "gru": TINY,
    "lstm": replace(TINY, cell="lstm", bidirectional=True),
    "attention": replace(TINY, attention="additive", bidirectional=True),
    "tied": replace(TINY, attention="dot", tie_output_weights="tied"),
}
META = torch.device("meta")
"""Tensors of shapes without numbers: to read one of them is an error."""


@pytest.fixture(autouse=True)
def no_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Autocast knows of no such device, and reads no numbers anyway."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)
    monkeypatch.setattr(torch, "get_autocast_dtype", lambda _: torch.float32)


@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS.keys())
@pytest.mark.parametrize("forcing", ["always", "now and then"])
@pytest.mark.parametrize("loss_of", get_args(LossKind))
def test_a_step_reads_no_number_of_the_device(
    digits: PreparedCorpus, config: ModelConfig, forcing: str, loss_of: LossKind
) -> None:
    """Forward, loss, backward and clipping run where there are shapes alone."""
    sizes = len(digits.source_vocabulary), len(digits.target_vocabulary)
    model = build_on_meta(config, source_tokens=sizes[0], target_tokens=sizes[1]).train()
    batch = collate(digits.load_split("train"), np.arange(6))
    forced = None if forcing == "always" else [True, False] * batch.target.shape[1]
    how = TrainingConfig(precision="float32", loss=loss_of)

    loss = batch_loss(model, batch.to(META), how, forced=forced)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)

    assert loss.device == META
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_reading_one_would_be_noticed() -> None:
    """By the means of the test above."""
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.ones(2, device=META)[torch.ones(2, device=META) > 0]
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.ones((), device=META).item()
