"""Decoding and evaluating."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sacrebleu import corpus_bleu
from torch.nn.functional import cross_entropy

from bench.data.batching import TrainingBatches, collate, sorted_batches
from bench.data.config import DataConfig
from bench.data.prepared import PreparedCorpus
from bench.data.vocabulary import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from bench.evaluation.config import EvaluationConfig
from bench.evaluation.decoding import greedy
from bench.evaluation.evaluate import bleu_otherwise, evaluate
from bench.evaluation.translator import Translator, save_translator
from bench.model.seq2seq import Seq2Seq
from bench.training.config import TrainingConfig
from bench.training.optimization import build_optimizer
from bench.training.trainer import train
from tests.conftest import TINY, build

MAX_LENGTH = 9


@pytest.fixture(scope="module")
def trained(digits: PreparedCorpus) -> Seq2Seq:
    """A model that has learnt when to end, and a little more."""
    config = TrainingConfig(epochs=12, batch_size=16, learning_rate=0.02, precision="float32")
    model = build(digits)
    batches = TrainingBatches(digits.load_split("train"), batch_size=16, seed=1)
    for _ in train(model, build_optimizer(model, config), batches, config, seed=1):
        pass
    return model.eval()


def literal_greedy(model: Seq2Seq, source: torch.Tensor) -> list[int]:
    """Decode one sentence, one token after the other."""
    state = model.start(source[None], torch.tensor([len(source)]))
    token, tokens = BOS_ID, []
    for _ in range(MAX_LENGTH):
        logits, state = model.step(torch.tensor([token]), state)
        token = int(logits[0].argmax())
        if token == EOS_ID:
            break
        tokens.append(token)
    return tokens


def test_decoding_together_equals_decoding_one_by_one(
    digits: PreparedCorpus, trained: Seq2Seq
) -> None:
    """Sentences that end early leave the batch without disturbing the others."""
    split = digits.load_split("test")
    batch = collate(split, np.arange(len(split)))

    together = greedy(trained, batch.source, batch.source_lengths, max_length=MAX_LENGTH)
    with torch.inference_mode():
        alone = [
            literal_greedy(trained, row[: int(length)])
            for row, length in zip(batch.source, batch.source_lengths, strict=True)
        ]

    assert together == alone
    assert len({len(tokens) for tokens in together}) > 1


def test_an_evaluation_scores_the_split(digits: PreparedCorpus, trained: Seq2Seq) -> None:
    """Loss over all real tokens, accuracy in [0, 1], one hypothesis per sentence in order."""
    split = digits.load_split("test")
    evaluation = evaluate(
        trained,
        split,
        EvaluationConfig(batch_size=7, max_length=MAX_LENGTH),
        vocabulary=digits.target_vocabulary,
        data=DataConfig(),
        precision="float32",
    )

    total, count, correct = 0.0, 0, 0
    for batch in sorted_batches(split, batch_size=1):
        with torch.inference_mode():
            targets = batch.target[batch.target_mask]
            nats = float(cross_entropy(trained(batch), targets, reduction="sum"))
        (place,) = batch.indices
        assert evaluation.sentence_losses[place] == pytest.approx(nats, rel=1e-4)
        assert evaluation.sentence_tokens[place] == len(targets)
        with torch.inference_mode():
            correct += int((trained(batch).argmax(-1) == targets).sum())
        total += nats
        count += len(targets)

    assert evaluation.scores["loss"] == pytest.approx(total / count, rel=1e-5)
    assert evaluation.scores["perplexity"] == pytest.approx(np.exp(total / count), rel=1e-4)
    assert evaluation.scores["token_accuracy"] == pytest.approx(correct / count)
    assert 0 < correct < count
    assert len(evaluation.hypotheses) == len(split)
    assert "case:lc" in evaluation.signatures["bleu"]
    bleu = corpus_bleu(
        list(evaluation.hypotheses), [[pair.target for pair in split.pairs]], lowercase=True
    )
    assert evaluation.scores["brevity_penalty"] == pytest.approx(bleu.bp)


@pytest.mark.parametrize("said", [PAD_ID, BOS_ID, UNK_ID, UNK_ID + 1])
def test_lengths_are_those_of_text(digits: PreparedCorpus, said: int) -> None:
    """Of a model that says one thing for ever: begin tokens and padding are none of its words."""
    split, model = digits.load_split("test"), build(digits).eval()
    with torch.no_grad():
        model.output.linear.bias[said] += 1e4

    scores = evaluate(
        model,
        split,
        EvaluationConfig(max_length=MAX_LENGTH),
        vocabulary=digits.target_vocabulary,
        data=DataConfig(),
        precision="float32",
    ).scores

    num_words = sum(len(pair.target.split()) for pair in split.pairs)
    expected = MAX_LENGTH * len(split) / num_words if said >= UNK_ID else 0
    assert scores["length_ratio"] == pytest.approx(expected)
    assert scores["unknown_share"] == (said == UNK_ID)


def test_a_model_is_looked_at_greedily_and_with_a_beam(
    digits: PreparedCorpus, trained: Seq2Seq
) -> None:
    """Whichever of them decides, the other is kept beside it."""
    split = digits.load_split("test")
    known = {
        "vocabulary": digits.target_vocabulary,
        "data": DataConfig(),
        "precision": "float32",
    }
    greedily, beam = (
        EvaluationConfig(max_length=MAX_LENGTH, beam_size=beam_size) for beam_size in (1, 5)
    )
    scores = [evaluate(trained, split, each, **known).scores["bleu"] for each in (greedily, beam)]  # type: ignore[arg-type]  # fmt: skip

    assert scores[0] != scores[1]
    assert bleu_otherwise(trained, split, greedily, **known) == {"bleu_beam5": scores[1]}  # type: ignore[arg-type]
    assert bleu_otherwise(trained, split, beam, **known) == {"bleu_greedy": scores[0]}  # type: ignore[arg-type]


def test_products_in_bfloat16_leave_the_model_as_it_was(
    digits: PreparedCorpus, trained: Seq2Seq
) -> None:
    """And translate nearly as float32 does."""
    split, before = digits.load_split("test"), trained.output.linear.weight.clone()
    found = {
        precision: evaluate(
            trained,
            split,
            EvaluationConfig(max_length=MAX_LENGTH),
            vocabulary=digits.target_vocabulary,
            data=DataConfig(corpus="digits"),
            precision=precision,
        )
        for precision in ("float32", "bfloat16")
    }

    assert trained.output.linear.weight.equal(before)
    wide, narrow = found.values()
    pairs = zip(wide.hypotheses, narrow.hypotheses, strict=True)
    assert sum(one == other for one, other in pairs) > 0.9 * len(split)
    assert narrow.scores["loss"] == pytest.approx(wide.scores["loss"], rel=0.02)
    assert narrow.scores["loss"] != wide.scores["loss"]


def test_a_saved_translator_translates_as_the_model_did(
    digits: PreparedCorpus, trained: Seq2Seq, tmp_path: Path
) -> None:
    """Through tensors and JSON, in the order asked, empty lines kept."""
    split = digits.load_split("test")
    evaluation = evaluate(
        trained,
        split,
        EvaluationConfig(),
        vocabulary=digits.target_vocabulary,
        data=DataConfig(),
        precision="float32",
    )
    save_translator(tmp_path, trained, TINY, DataConfig(), prepared=digits)
    texts = [split.pairs[0].source, "", split.pairs[1].source]
    translations = Translator.load(tmp_path).translate(texts, max_length=50)

    assert translations == [evaluation.hypotheses[0], "", evaluation.hypotheses[1]]


def test_a_translator_minds_the_penalty_of_length(
    digits: PreparedCorpus, trained: Seq2Seq, tmp_path: Path
) -> None:
    """As the evaluation does, whose beam it is."""
    split = digits.load_split("test")
    save_translator(tmp_path, trained, TINY, DataConfig(), prepared=digits)
    translator, said = Translator.load(tmp_path), {}
    for penalty in (0.0, 5.0):
        said[penalty] = translator.translate(
            [pair.source for pair in split.pairs],
            max_length=MAX_LENGTH,
            beam_size=5,
            length_penalty=penalty,
        )
        expected = evaluate(
            trained,
            split,
            EvaluationConfig(max_length=MAX_LENGTH, beam_size=5, length_penalty=penalty),
            vocabulary=digits.target_vocabulary,
            data=DataConfig(),
            precision="float32",
        )
        assert said[penalty] == list(expected.hypotheses)

    assert said[0.0] != said[5.0]


@pytest.mark.parametrize(
    ("lowercase", "tokens"), [(True, ["un", "t_up", "chat"]), (False, ["Un", "CHAT"])]
)
def test_a_translator_cuts_text_as_its_training_was_cut(
    digits: PreparedCorpus, tmp_path: Path, lowercase: bool, tokens: list[str]
) -> None:
    """With case or without."""
    config = replace(TINY, attention="additive")
    data = DataConfig(lowercase=lowercase)
    save_translator(tmp_path, build(digits, config), config, data, prepared=digits)

    assert Translator.load(tmp_path).attend("Un CHAT").source[:-1] == tokens
