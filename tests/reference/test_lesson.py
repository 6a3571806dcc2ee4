"""Every rung of the lesson's ladder: loss and gradients equal a literal implementation."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.data.batching import Batch, collate
from bench.data.prepared import PreparedCorpus
from bench.data.vocabulary import PAD_ID
from bench.model import seq2seq
from bench.model.config import ModelConfig
from bench.training.config import TrainingConfig
from bench.training.trainer import batch_loss
from tests.conftest import TINY, build
from tests.reference.lesson import Lesson

INITIAL = replace(TINY, mask_padding=False, tie_output_weights="started_equal")
RUNGS = {
    "initial": INITIAL,
    "bidirectional": replace(INITIAL, bidirectional=True),
    "attention": replace(INITIAL, attention="additive"),
    "all": replace(INITIAL, attention="additive", bidirectional=True),
    "tied": replace(INITIAL, tie_output_weights="tied"),
    "tied as written": replace(INITIAL, tie_output_weights="lesson"),
    "lstm": replace(INITIAL, cell="lstm", attention="dot"),
}
LESSON = TrainingConfig(loss="every_position", precision="float32")


def batch_of(prepared: PreparedCorpus) -> Batch:
    split = prepared.load_split("train")
    order = np.argsort(split.source.lengths, kind="stable")
    return collate(split, order[:: len(order) // 4][:4])  # of very different lengths


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("forcing", ["forced", "free", "mixed"])
def test_loss_and_every_gradient_are_the_lessons(
    digits: PreparedCorpus, rung: str, forcing: str
) -> None:
    """Padding read and counted as the lesson does, to 1e-5, whoever feeds the decoder."""
    config: ModelConfig = RUNGS[rung]
    model = build(digits, config).eval()
    lesson = Lesson(model, config.cell)
    batch = batch_of(digits)
    positions = range(batch.target.shape[1])
    forced = [{"forced": True, "free": False}.get(forcing, p % 2 == 0) for p in positions]

    loss = batch_loss(model, batch, LESSON, forced=forced)
    literal = lesson.loss(batch.source, batch.target, forced)
    loss.backward()
    literal.backward()

    torch.testing.assert_close(loss, literal, atol=1e-5, rtol=1e-5)
    for name, parameter in model.named_parameters():
        expected = lesson.weights[name].grad
        if name.endswith("embedding.weight"):  # torch never trains the padding row
            expected = expected.clone()
            expected[1] = parameter.grad[1]
        torch.testing.assert_close(parameter.grad, expected, atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize("eager", [0.0, 99.0])
@pytest.mark.parametrize("forcing", ["forced", "free"])
def test_a_host_that_may_not_look_comes_to_the_same(
    digits: PreparedCorpus, monkeypatch: pytest.MonkeyPatch, forcing: str, eager: float
) -> None:
    """On a GPU all positions are stepped through, and what follows the last padding is nothing."""
    model = build(digits, RUNGS["attention"]).eval()
    with torch.no_grad():
        model.output.linear.bias[PAD_ID] += eager  # with it all say padding at once
    twin, batch = deepcopy(model), batch_of(digits)
    forced = [forcing == "forced"] * batch.target.shape[1]
    logits = model(batch, forced=forced, everywhere=True)

    batch_loss(model, batch, LESSON, forced=forced).backward()
    monkeypatch.setattr(seq2seq, "_may_look", lambda _: False)
    batch_loss(twin, batch, LESSON, forced=forced).backward()

    assert logits[:, 0].ne(0).all()
    assert bool(logits[:, 1:].eq(0).all()) == bool(eager)
    torch.testing.assert_close(twin(batch, forced=forced, everywhere=True), logits)
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)
