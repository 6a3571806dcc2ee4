"""Free-running decoding: the model sees the source and its own words, never the reference.

Shapes: B sentences, A sentences not yet finished, S source tokens, K hypotheses a sentence,
V target vocabulary.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from bench.data.vocabulary import BOS_ID, EOS_ID
from bench.evaluation.config import EvaluationConfig
from bench.model.seq2seq import Seq2Seq
from bench.training.loss import rows_per_pass


def decode(
    model: Seq2Seq, source: Tensor, lengths: Tensor, config: EvaluationConfig
) -> list[list[int]]:
    """Translate greedily, or by beam search if the config asks for more than one hypothesis.

    Args:
        model: in evaluation mode.
        source: token ids, (B, S).
        lengths: real tokens of each source, (B,), on the CPU.
        config: how.

    Returns:
        Token ids per sentence, without begin and end tokens.
    """
    if config.beam_size == 1:
        return greedy(model, source, lengths, max_length=config.max_length)
    return beam_search(
        model,
        source,
        lengths,
        beam_size=config.beam_size,
        length_penalty=config.length_penalty,
        max_length=config.max_length,
    )


@torch.inference_mode()
def greedy(model: Seq2Seq, source: Tensor, lengths: Tensor, *, max_length: int) -> list[list[int]]:
    """Translate by taking the likeliest token at each step.

    A finished sentence leaves the batch, and costs nothing more.

    Args:
        model: in evaluation mode.
        source: token ids, (B, S).
        lengths: real tokens of each source, (B,), on the CPU.
        max_length: most tokens of a translation.

    Returns:
        Token ids per sentence, without begin and end tokens.
    """
    context = model.start(source, lengths)
    translations: list[list[int]] = [[] for _ in range(len(source))]
    active = list(range(len(source)))
    tokens = torch.full((len(source),), BOS_ID, device=source.device)
    for _ in range(max_length):
        logits, context = model.step(tokens, context)
        tokens = logits.max(-1).indices  # (A,): argmax takes thrice as long in bfloat16
        going_on = tokens != EOS_ID
        for sentence, token in zip(active, tokens.tolist(), strict=True):
            if token != EOS_ID:
                translations[sentence].append(token)
        if not going_on.all():
            active = [active[place] for place in going_on.nonzero().flatten().tolist()]
            tokens = tokens[going_on]
            context = context.select(going_on)
        if not active:
            break
    return translations


class _Beams(NamedTuple):
    """The hypotheses of the sentences not yet finished, K rows a sentence, best first."""

    sentences: list[int]  # (A,)
    tokens: Tensor  # (A, K, t), what each has said so far
    scores: Tensor  # (A, K), sums of log-probabilities


@torch.inference_mode()
def beam_search(
    model: Seq2Seq,
    source: Tensor,
    lengths: Tensor,
    *,
    beam_size: int,
    length_penalty: float,
    max_length: int,
) -> list[list[int]]:
    """Translate by carrying the likeliest beginnings along, and taking the best of the ends.

    The score of a whole translation is its log-probability divided by its number of tokens, the
    end token counted, to the power of `length_penalty`. A sentence is finished when as many of its
    hypotheses have ended as there are beams.

    Args:
        model: in evaluation mode.
        source: token ids, (B, S).
        lengths: real tokens of each source, (B,), on the CPU.
        beam_size: K.
        length_penalty: 0 for none, 1 for the mean log-probability per token.
        max_length: most tokens of a translation.

    Returns:
        Token ids per sentence, without begin and end tokens.
    """
    num_sentences, device = len(source), source.device
    ended: list[list[tuple[float, list[int]]]] = [[] for _ in range(num_sentences)]
    context = model.start(source, lengths)
    context = context.spread(beam_size)
    scores = torch.full((num_sentences, beam_size), -torch.inf, device=device)
    scores[:, 0] = 0.0  # all beams of a sentence begin alike: only one counts
    begin = torch.full((num_sentences, beam_size, 1), BOS_ID, device=device)
    beams = _Beams(list(range(num_sentences)), begin, scores)
    for length in range(1, max_length + 1):
        logits, context = model.step(beams.tokens[:, :, -1].flatten(), context)
        rows, beams = _extend(beams, logits)
        kept = _collect(beams, ended, length**length_penalty, last=length == max_length)
        if not kept.any():
            break
        context = context.exchange(rows.flatten())
        if not kept.all():
            context = context.select(kept)
        names = [name for name, keep in zip(beams.sentences, kept.tolist(), strict=True) if keep]
        beams = _Beams(names, beams.tokens[kept], beams.scores[kept])
    return [max(found)[1] if found else [] for found in ended]


def _extend(beams: _Beams, logits: Tensor) -> tuple[Tensor, _Beams]:
    """Say one token more, the K likeliest ways (A·K, V); also return the rows they go on from."""
    num_active, beam_size = beams.scores.shape
    # The K likeliest of all ways to go on are among the K likeliest of each hypothesis.
    ways = min(beam_size, logits.shape[1])
    likeliest, said_next = _likeliest(logits, ways)  # (A·K, K)
    # A hypothesis that has ended was put to minus infinity, and so are all ways to go on from it.
    totals = beams.scores[:, :, None] + likeliest.view(num_active, beam_size, ways)
    scores, places = totals.flatten(1).topk(beam_size, dim=-1)
    origins = places // ways  # (A, K)
    said = beams.tokens.gather(1, origins[:, :, None].expand(-1, -1, beams.tokens.shape[-1]))
    newest = said_next.view(num_active, -1).gather(1, places)
    tokens = torch.cat([said, newest[:, :, None]], dim=-1)
    firsts = torch.arange(num_active, device=origins.device)[:, None] * beam_size
    return firsts + origins, _Beams(beams.sentences, tokens, scores)


def _likeliest(logits: Tensor, ways: int) -> tuple[Tensor, Tensor]:
    """Return log-probabilities and ids of each row's likeliest tokens, (A·K, `ways`) both."""
    at_a_time = rows_per_pass(logits.device, logits.shape[1])  # a fifth of a beam search's time
    found = [some.float().log_softmax(-1).topk(ways) for some in logits.split(at_a_time)]
    values, tokens = zip(*found, strict=True)
    return torch.cat(values), torch.cat(tokens)


def _collect(
    beams: _Beams,
    ended: list[list[tuple[float, list[int]]]],
    divisor: float,
    *,
    last: bool,
) -> Tensor:
    """Take over the hypotheses that have ended, and tell which sentences go on (A,)."""
    beam_size = beams.scores.shape[1]
    over = (beams.tokens[:, :, -1] == EOS_ID) | last
    over &= beams.scores.isfinite()
    for place, beam in over.nonzero().tolist():
        token_ids = beams.tokens[place, beam, 1:].tolist()
        if token_ids[-1] == EOS_ID:
            token_ids.pop()
        score = beams.scores[place, beam].item() / divisor
        ended[beams.sentences[place]].append((score, token_ids))
    beams.scores.masked_fill_(over, -torch.inf)
    kept = [len(ended[sentence]) < beam_size and not last for sentence in beams.sentences]
    return torch.tensor(kept, device=over.device)
