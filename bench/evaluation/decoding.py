"""Free-running decoding: the model sees the source and its own words, never the reference.

Shapes: B sentences, A sentences not yet finished, S source tokens.
"""

import torch
from torch import Tensor

from bench.data.vocabulary import BOS_ID, EOS_ID
from bench.model.seq2seq import Seq2Seq


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
    state = model.start(source, lengths)
    translations: list[list[int]] = [[] for _ in range(len(source))]
    active = list(range(len(source)))
    tokens = torch.full((len(source),), BOS_ID, device=source.device)
    for _ in range(max_length):
        logits, state = model.step(tokens, state)
        tokens = logits.argmax(-1)  # (A,)
        going_on = tokens != EOS_ID
        for sentence, token in zip(active, tokens.tolist(), strict=True):
            if token != EOS_ID:
                translations[sentence].append(token)
        if not going_on.all():
            active = [active[place] for place in going_on.nonzero().flatten().tolist()]
            tokens = tokens[going_on]
            state = tuple(part[:, going_on] for part in state)
        if not active:
            break
    return translations
