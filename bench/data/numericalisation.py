"""Tokenised splits → vocabularies and token ids; what they are made from is the training split.

Shapes: N sentences of a split.
"""

from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np

from bench.data.config import DataConfig
from bench.data.corpus import SPLITS, SentencePair, SplitName
from bench.data.prepared import EncodedSplit, FlatSentences
from bench.data.tokens import TokenizedText
from bench.data.vocabulary import EOS_ID, Vocabulary, build_vocabulary, list_unseen


class TokenizedSplit(NamedTuple):
    """Pairs, and the tokens of both sides."""

    pairs: Sequence[SentencePair]  # N
    source: TokenizedText
    target: TokenizedText


class Vocabularies(NamedTuple):
    """Of both languages."""

    source: Vocabulary
    target: Vocabulary


def drop_long(split: TokenizedSplit, max_target_tokens: int) -> tuple[TokenizedSplit, int]:
    """Leave out pairs whose target has more tokens; return what is kept, and how many are not."""
    kept = split.target.lengths <= max_target_tokens
    shorter = TokenizedSplit(
        list(compress(split.pairs, kept.tolist())),
        split.source.select(kept),
        split.target.select(kept),
    )
    return shorter, len(split.pairs) - len(shorter.pairs)


def numericalise(
    tokenized: dict[SplitName, TokenizedSplit], config: DataConfig
) -> tuple[dict[SplitName, EncodedSplit], Vocabularies]:
    """Build the vocabularies from the training split, and look every token of all splits up."""
    train, vocabularies = tokenized["train"], _build_vocabularies(tokenized, config)
    source_limit = _limit(train.source, config.source_length_percentile)
    target_limit = _limit(train.target, config.target_length_percentile)
    encoded: dict[SplitName, EncodedSplit] = {}
    for name, split in tokenized.items():
        # A reference is never cut: only what the model learns from is.
        limit = target_limit if name == "train" else None
        encoded[name] = EncodedSplit(
            source=_look_up(split.source, vocabularies.source, source_limit),
            target=_look_up(split.target, vocabularies.target, limit),
            pairs=split.pairs,
        )
    return encoded, vocabularies


def _build_vocabularies(
    tokenized: dict[SplitName, TokenizedSplit], config: DataConfig
) -> Vocabularies:
    train = tokenized["train"]
    vocabularies = Vocabularies(
        *(
            build_vocabulary(
                side.counts(), max_size=config.vocabulary_size, min_frequency=config.min_frequency
            )
            for side in (train.source, train.target)
        )
    )
    if config.unseen_source_words == "listed":
        unseen = set[str]().union(*(tokenized[name].source.counts() for name in SPLITS[1:]))
        listed = list_unseen(unseen, seen=set(train.source.counts()))
        return vocabularies._replace(source=vocabularies.source.extended(listed))
    return vocabularies


def _limit(text: TokenizedText, percentile: float) -> int:
    return int(np.percentile(text.lengths + 1, percentile))


def _look_up(text: TokenizedText, vocabulary: Vocabulary, limit: int | None) -> FlatSentences:
    """Look every token up, cut sentences to `limit` and close each with the end token."""
    room = text.lengths if limit is None else np.minimum(text.lengths, max(limit - 1, 1))
    starts = np.cumsum(text.lengths) - text.lengths
    position = np.arange(len(text.places)) - np.repeat(starts, text.lengths)
    kept = text.places[position < np.repeat(room, text.lengths)]
    offsets = np.concatenate([[0], np.cumsum(room + 1)])
    token_ids = np.full(offsets[-1], EOS_ID, np.int32)
    before = np.repeat(np.arange(len(room)), room)  # end tokens
    ids_of_words = np.array(vocabulary.encode(text.words), np.int32)
    token_ids[np.arange(len(kept)) + before] = ids_of_words[kept]
    return FlatSentences(token_ids, offsets)
