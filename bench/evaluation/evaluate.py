"""Evaluate a model on one split: translate it freely, then look at the reference.

Shapes: B sentences, N real target tokens of a batch.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from bench.data.batching import Batch, sorted_batches
from bench.data.config import DataConfig
from bench.data.prepared import EncodedSplit
from bench.data.tokenization import detokenize
from bench.data.vocabulary import SILENT, UNK_ID, Vocabulary
from bench.evaluation.config import EvaluationConfig
from bench.evaluation.decoding import decode
from bench.evaluation.metrics import TEXT_METRICS
from bench.model.seq2seq import Seq2Seq
from bench.training.clock import choose_clock
from bench.training.config import Precision
from bench.training.device import autocast, in_precision
from bench.training.loss import judge

BEAM = 5
"""Hypotheses carried along where a greedily decoded model is looked at with a beam, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What a model makes of one split."""

    scores: Mapping[str, float]
    """By metric: `bleu` and `chrf` in [0, 100], `loss` in nats per target token and `perplexity`,
    its exponential; shares and `brevity_penalty` in [0, 1], `length_ratio` of hypothesis to
    reference tokens, `sentences_per_second` translated."""
    signatures: Mapping[str, str]
    """By text metric: everything that could change its figure."""
    hypotheses: Sequence[str]
    """Translations in the order of the split, detokenised."""
    sentence_losses: Sequence[float]
    """Nats of each sentence, summed over its tokens."""
    sentence_tokens: Sequence[int]
    """Target tokens of each sentence, with its end token."""


@torch.inference_mode()
def evaluate(
    model: Seq2Seq,
    split: EncodedSplit,
    config: EvaluationConfig,
    *,
    vocabulary: Vocabulary,
    data: DataConfig,
    precision: Precision,
) -> Evaluation:
    """Translate a split and score it; the model is left in evaluation mode.

    Args:
        model: on any device.
        split: what to translate.
        config: how to decode.
        vocabulary: of the target language.
        data: how the text was tokenised, and whether lower-cased, so that case must not count.
        precision: number format of the matrix products.
    """
    model.eval()
    device = next(model.parameters()).device
    forced = _Forced(len(split))
    with in_precision(model, precision) as translating:
        translations, seconds = _translate(translating, split, config)
    with autocast(device, precision):
        for batch in sorted_batches(split, batch_size=config.batch_size):
            forced.add(model, batch.to(device))
    hypotheses = _join(translations, vocabulary, data)
    references = [pair.target for pair in split.pairs]
    scored = {
        name: TEXT_METRICS.get(name, where="evaluation").score(
            hypotheses, references, lowercase=data.lowercase
        )
        for name in TEXT_METRICS
    }
    scores = {name: score.value for name, score in scored.items()}
    scores |= forced.scores() | _length_scores(translations, split)
    scores["brevity_penalty"] = scored["bleu"].brevity_penalty or 0.0
    scores["sentences_per_second"] = len(split) / seconds
    return Evaluation(
        scores=scores,
        signatures={name: score.signature for name, score in scored.items()},
        hypotheses=hypotheses,
        sentence_losses=[round(nats, 5) for nats in forced.nats.tolist()],
        sentence_tokens=forced.num_tokens.tolist(),
    )


@torch.inference_mode()
def bleu_otherwise(
    model: Seq2Seq,
    split: EncodedSplit,
    config: EvaluationConfig,
    *,
    vocabulary: Vocabulary,
    data: DataConfig,
    precision: Precision,
) -> dict[str, float]:
    """Score what the model writes if it is decoded the other way: by beam search, or greedily.

    Args:
        model: on any device, in evaluation mode.
        split: what to translate.
        config: how it is decoded otherwise.
        vocabulary: of the target language.
        data: how the text was tokenised, and whether lower-cased.
        precision: number format of the matrix products.

    Returns:
        BLEU as `bleu_beam5` or `bleu_greedy`.
    """
    beam_size = BEAM if config.beam_size == 1 else 1
    with in_precision(model, precision) as translating:
        translations, _ = _translate(translating, split, replace(config, beam_size=beam_size))
    score = TEXT_METRICS.get("bleu", where="evaluation").score(
        _join(translations, vocabulary, data),
        [pair.target for pair in split.pairs],
        lowercase=data.lowercase,
    )
    return {f"bleu_beam{BEAM}" if beam_size > 1 else "bleu_greedy": score.value}


def _translate(
    model: Seq2Seq, split: EncodedSplit, config: EvaluationConfig
) -> tuple[list[list[int]], float]:
    """Return the token ids of all translations, in the split's order, and the seconds it took."""
    device = next(model.parameters()).device
    translations: list[list[int]] = [[] for _ in range(len(split))]
    clock, seconds = choose_clock(device), 0.0
    for batch in sorted_batches(split, batch_size=config.batch_size):
        moved = batch.to(device)
        started = clock()
        decoded = decode(model, moved.source, moved.source_lengths, config)
        seconds += clock() - started
        for index, token_ids in zip(batch.indices, decoded, strict=True):
            translations[index] = token_ids
    return translations, seconds


def _join(
    translations: Sequence[Sequence[int]], vocabulary: Vocabulary, data: DataConfig
) -> list[str]:
    return [
        detokenize(vocabulary.decode(token_ids), tokenization=data.tokenization)
        for token_ids in translations
    ]


class _Forced:
    """What the model makes of the reference when it is fed it: its loss, never its BLEU."""

    def __init__(self, num_sentences: int) -> None:
        self.nats = torch.zeros(num_sentences, dtype=torch.float64)
        self.num_tokens = torch.zeros(num_sentences, dtype=torch.int64)
        self.correct = 0

    def add(self, model: Seq2Seq, batch: Batch) -> None:
        """Count in the nats, tokens and correct guesses of one batch."""
        features = model.features(batch)  # (N, F)
        judged = judge(features, model.output.linear, batch.real_targets)
        lengths = batch.target_mask.sum(1).cpu()  # (B,)
        places = torch.tensor(batch.indices)
        self.num_tokens[places] = lengths
        self.nats[places] = torch.segment_reduce(judged.nats.double().cpu(), "sum", lengths=lengths)
        self.correct += int(judged.correct.sum())

    def scores(self) -> dict[str, float]:
        """Return means over all tokens."""
        num_tokens = int(self.num_tokens.sum())
        loss = float(self.nats.sum()) / num_tokens
        perplexity = math.exp(min(loss, 100.0))  # a hopeless model's would not fit a float
        accuracy = self.correct / num_tokens
        return {"loss": loss, "perplexity": perplexity, "token_accuracy": accuracy}


def _length_scores(translations: Sequence[Sequence[int]], split: EncodedSplit) -> dict[str, float]:
    said = [each for token_ids in translations for each in token_ids if each not in SILENT]
    num_reference = int((split.target.lengths - 1).sum())  # the end token is not text
    return {
        "length_ratio": len(said) / num_reference,
        "unknown_share": said.count(UNK_ID) / len(said) if said else 0.0,
    }
