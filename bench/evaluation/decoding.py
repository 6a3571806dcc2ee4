"""Free-running decoding: the model sees the source and its own words, never the reference.

Shapes: B sentences, A sentences not yet finished, S source tokens, K hypotheses a sentence,
V target vocabulary.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from bench.data.vocabulary import BOS_ID, EOS_ID
from bench.evaluation.config import EvaluationConfig
from bench.evaluation.likeliest import Likeliest, likeliest, likeliest_tokens
from bench.model.seq2seq import Seq2Seq

LEAVING = 16
"""How many finished sentences leave a batch at a time."""


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
    num_sentences, device = len(source), source.device
    said = torch.full((num_sentences, max_length), EOS_ID, device=device)
    present = torch.arange(num_sentences, device=device)
    tokens = torch.full((num_sentences,), BOS_ID, device=device)
    going_on = torch.ones(num_sentences, dtype=torch.bool, device=device)
    for position in range(max_length):
        features, context = model.advance(tokens, context)
        tokens = likeliest_tokens(features, model.output.linear)  # (A,)
        going_on &= tokens != EOS_ID
        said[present, position] = tokens.where(going_on, EOS_ID)
        staying = _staying(going_on)
        if staying is not None:
            if not len(staying):
                break
            context = context.select(staying, of=len(present))
            present, tokens, going_on = present[staying], tokens[staying], going_on[staying]
    num_said = (said != EOS_ID).sum(1).tolist()
    return [row[:number] for row, number in zip(said.tolist(), num_said, strict=True)]


def _staying(going_on: Tensor) -> Tensor | None:
    """Return the places of the sentences to carry on with; None for all of them.

    Finished ones leave in groups, so that batches come in few sizes: copying what the others
    carry on costs more than a few rows too many, and so does, in bfloat16 on a CPU, the program
    that oneDNN writes for each size it has not met.
    """
    num_finished = len(going_on) - int(going_on.sum())
    leaving = num_finished // LEAVING * LEAVING
    if num_finished == len(going_on):
        leaving = num_finished
    if not leaving:
        return None
    staying = going_on | ((~going_on).cumsum(0) > leaving)
    return staying.nonzero().flatten()


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
        features, context = model.advance(beams.tokens[:, :, -1].flatten(), context)
        ways = min(beam_size, model.output.linear.out_features)
        rows, beams = _extend(beams, likeliest(features, model.output.linear, ways))
        going_on = _collect(beams, ended, length**length_penalty, last=length == max_length)
        context = context.exchange(rows.flatten())
        beams.scores.masked_fill_(~going_on[:, None], -torch.inf)
        staying = _staying(going_on)
        if staying is not None:
            if not len(staying):
                break
            context = context.select(staying, of=len(going_on))
            names = [beams.sentences[place] for place in staying.tolist()]
            beams = _Beams(names, beams.tokens[staying], beams.scores[staying])
    return [max(found)[1] if found else [] for found in ended]


def _extend(beams: _Beams, found: Likeliest) -> tuple[Tensor, _Beams]:
    """Say one token more, the K likeliest ways; also return the rows they go on from.

    They are among the K likeliest of each hypothesis (A·K, `ways`).
    """
    num_active, beam_size = beams.scores.shape
    ways = found.tokens.shape[1]
    # A hypothesis that has ended was put to minus infinity, and so are all ways to go on from it.
    totals = beams.scores[:, :, None] + found.log_probabilities.view(num_active, beam_size, ways)
    scores, places = totals.flatten(1).topk(beam_size, dim=-1)
    origins = places // ways  # (A, K)
    said = beams.tokens.gather(1, origins[:, :, None].expand(-1, -1, beams.tokens.shape[-1]))
    newest = found.tokens.view(num_active, -1).gather(1, places)
    tokens = torch.cat([said, newest[:, :, None]], dim=-1)
    firsts = torch.arange(num_active, device=origins.device)[:, None] * beam_size
    return firsts + origins, _Beams(beams.sentences, tokens, scores)


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
    places, ranks = over.nonzero(as_tuple=True)
    # All at once: a GPU is waited for each time.
    said, scores = beams.tokens[places, ranks, 1:].tolist(), beams.scores[places, ranks].tolist()
    for place, token_ids, score in zip(places.tolist(), said, scores, strict=True):
        if token_ids[-1] == EOS_ID:
            token_ids.pop()
        ended[beams.sentences[place]].append((score / divisor, token_ids))
    beams.scores.masked_fill_(over, -torch.inf)
    kept = [len(ended[sentence]) < beam_size and not last for sentence in beams.sentences]
    return torch.tensor(kept, device=over.device)
