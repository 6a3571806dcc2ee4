"""Beam search, against a literal one that handles one sentence and one hypothesis at a time."""

import numpy as np
import pytest
import torch

from bench.data.batching import TrainingBatches, collate
from bench.data.prepared import PreparedCorpus
from bench.data.vocabulary import BOS_ID, EOS_ID
from bench.evaluation import decoding
from bench.evaluation.config import EvaluationConfig
from bench.evaluation.decoding import beam_search, decode, greedy
from bench.model.config import ModelConfig
from bench.model.seq2seq import Seq2Seq
from bench.training.config import TrainingConfig
from bench.training.loss import PORTIONS
from bench.training.optimization import build_optimizer
from bench.training.trainer import train
from tests.conftest import TINY, build

MAX_LENGTH = 9
CONFIG = TrainingConfig(epochs=4, batch_size=16, learning_rate=0.02, precision="float32")


@pytest.fixture(scope="module", params=["none", "additive", "scaled_dot"])
def trained(digits: PreparedCorpus, request: pytest.FixtureRequest) -> Seq2Seq:
    """A model that has learnt when to end, without attention and with either kind."""
    config = ModelConfig(
        embedding_dim=TINY.embedding_dim,
        hidden_size=TINY.hidden_size,
        decoder_hidden_size=TINY.decoder_hidden_size,
        attention=request.param,
    )
    model = build(digits, config)
    batches = TrainingBatches(digits.load_split("train"), batch_size=16, seed=1)
    for _ in train(model, build_optimizer(model, CONFIG), batches, CONFIG, seed=1):
        pass
    return model.eval()


@pytest.fixture(autouse=True)
def _few_leave_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that some of these few sentences leave before the others, again and again."""
    monkeypatch.setattr(decoding, "LEAVING", 2)


def log_probabilities(model: Seq2Seq, source: torch.Tensor, said: list[int]) -> torch.Tensor:
    """Return those of the next token, from the beginning of the sentence on."""
    context = model.start(source[None], torch.tensor([len(source)]))
    for token in [BOS_ID, *said]:
        logits, context = model.step(torch.tensor([token]), context)
    return logits[0].log_softmax(-1)


def literal_beam(
    model: Seq2Seq, source: torch.Tensor, beam_size: int, length_penalty: float
) -> list[int]:
    """Search with lists."""
    beams: list[tuple[float, list[int]]] = [(0.0, [])]
    ended: list[tuple[float, list[int]]] = []
    for length in range(1, MAX_LENGTH + 1):
        ways = [
            (score + float(log_probability), [*said, token])
            for score, said in beams
            for token, log_probability in enumerate(log_probabilities(model, source, said))
        ]
        best = sorted(ways, key=lambda way: -way[0])[:beam_size]
        beams = [way for way in best if way[1][-1] != EOS_ID and length < MAX_LENGTH]
        for score, said in best:
            if said[-1] == EOS_ID or length == MAX_LENGTH:
                text = said[:-1] if said[-1] == EOS_ID else said
                ended.append((score / length**length_penalty, text))
        if len(ended) >= beam_size or not beams:
            break
    return max(ended)[1]


@pytest.mark.parametrize(("beam_size", "length_penalty"), [(1, 0.0), (2, 0.0), (3, 1.0), (5, 0.6)])
def test_a_batched_beam_is_the_literal_one(
    digits: PreparedCorpus,
    trained: Seq2Seq,
    beam_size: int,
    length_penalty: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sentence by sentence, whatever finishes first; a few rows of logits at a time."""
    monkeypatch.setitem(PORTIONS, "cpu", PORTIONS["cpu"]._replace(passes=100))
    split = digits.load_split("test")
    batch = collate(split, np.arange(12))

    together = beam_search(
        trained,
        batch.source,
        batch.source_lengths,
        beam_size=beam_size,
        length_penalty=length_penalty,
        max_length=MAX_LENGTH,
    )
    with torch.inference_mode():
        alone = [
            literal_beam(trained, row[: int(length)], beam_size, length_penalty)
            for row, length in zip(batch.source, batch.source_lengths, strict=True)
        ]

    assert together == alone
    assert len({len(tokens) for tokens in together}) > 1


def test_a_beam_of_one_is_greedy(digits: PreparedCorpus, trained: Seq2Seq) -> None:
    """And that is what `beam_size = 1` does."""
    split = digits.load_split("test")
    batch = collate(split, np.arange(len(split)))
    expected = greedy(trained, batch.source, batch.source_lengths, max_length=MAX_LENGTH)

    one = beam_search(
        trained,
        batch.source,
        batch.source_lengths,
        beam_size=1,
        length_penalty=1.0,
        max_length=MAX_LENGTH,
    )
    config = EvaluationConfig(beam_size=1, max_length=MAX_LENGTH)

    assert one == expected
    assert decode(trained, batch.source, batch.source_lengths, config) == expected
