"""Three splits. Those made here share no sentence, on either side.

Of splits that a corpus brings, training keeps no sentence that validation or test holds too; these
two are left as they were published.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from bench.data.corpus import Corpus, SentencePair

NOT_WORD = re.compile(r"\W+")
ACCENTS = re.compile("[\u0300-\u034e\u0350-\u036f]+")
"""Most of the combining characters, the only ones of most texts."""


class Separated(NamedTuple):
    """A corpus in three splits, and what had to go."""

    corpus: Corpus
    duplicates: int
    """Pairs left out because the very same pair came before."""
    leaked: int
    """Training pairs left out because validation or test holds one of their sides."""


def sentence_key(text: str) -> str:
    """Reduce a sentence to what makes it the same: no case, accents or punctuation.

    Args:
        text: any sentence; one without a single word keeps its punctuation as key.
    """
    bare = ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    if not bare.isascii():
        bare = "".join(char for char in bare if not unicodedata.combining(char))
    return NOT_WORD.sub(" ", bare).strip() or text


def separate(corpus: Corpus, *, validation_share: float, test_share: float, seed: int) -> Separated:
    """Remove exact duplicates, split if the corpus does not, and take leaks out of train."""
    if not corpus.is_split:
        pairs = list(dict.fromkeys(corpus.train))
        duplicates = len(corpus.train) - len(pairs)
        split = _split_by_groups(
            pairs, validation_share=validation_share, test_share=test_share, seed=seed
        )
        return Separated(split._replace(dropped=corpus.dropped), duplicates, leaked=0)
    train = list(dict.fromkeys(corpus.train))
    held_out = [*corpus.validation, *corpus.test]
    sources = {sentence_key(pair.source) for pair in held_out}
    targets = {sentence_key(pair.target) for pair in held_out}
    kept = [
        pair
        for pair in train
        if sentence_key(pair.source) not in sources and sentence_key(pair.target) not in targets
    ]
    return Separated(
        corpus._replace(train=kept),
        duplicates=len(corpus.train) - len(train),
        leaked=len(train) - len(kept),
    )


def _split_by_groups(
    pairs: Sequence[SentencePair], *, validation_share: float, test_share: float, seed: int
) -> Corpus:
    splits: list[list[SentencePair]] = [[], [], []]
    for pair, group in zip(pairs, connected_groups(pairs), strict=True):
        draw = _uniform(f"{seed}/{group}")
        held_out = 2 if draw < test_share else 1 if draw < test_share + validation_share else 0
        splits[held_out].append(pair)
    train, validation, test = splits
    return Corpus(train=train, validation=validation, test=test)


def connected_groups(pairs: Iterable[SentencePair]) -> list[str]:
    """Name each pair's group: pairs that share a side, directly or through others, share a name.

    The name is the alphabetically first side of the group, so that it depends neither on the
    order of the pairs nor on pairs elsewhere.
    """
    parents: dict[str, str] = {}
    keys: list[str] = []
    for pair in pairs:
        source, target = "fr " + sentence_key(pair.source), "en " + sentence_key(pair.target)
        first, second = sorted((_root(parents, source), _root(parents, target)))
        parents[second] = first
        keys.append(source)
    return [_root(parents, key) for key in keys]


def _root(parents: dict[str, str], key: str) -> str:
    parent = parents.setdefault(key, key)
    while parent != key:
        grandparent = parents[parent]
        parents[key] = grandparent
        key, parent = parent, grandparent
    return key


def _uniform(text: str) -> float:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) / 2**64
