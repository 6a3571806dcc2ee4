"""Digits, to be written backwards: learnt in seconds, with a known answer. For tests."""

import random

from bench.data.corpus import Corpus, SentencePair
from bench.errors import CorpusError

DEFAULT_PAIRS = 2_000
MAX_PAIRS = 50_000
MIN_DIGITS, MAX_DIGITS = 1, 5

DESCRIPTION = "generated: digits, to be written backwards (for tests)"


class Reader:
    """Draws numbers of one to five digits; a pair is `3 1 4` and `4 1 3`."""

    def fingerprint(self) -> str:
        """Return the version of the generator: raise it when the text changes."""
        return "digit_reversal-1"

    def read(self, *, num_pairs: int) -> Corpus:
        """Draw distinct numbers, the same ones at each call."""
        if num_pairs > MAX_PAIRS:
            raise CorpusError(f"digit_reversal has at most {MAX_PAIRS:,} pairs, not {num_pairs:,}")
        rng = random.Random(0)
        numbers: dict[str, None] = {}
        while len(numbers) < (num_pairs or DEFAULT_PAIRS):
            digits = rng.choices("0123456789", k=rng.randint(MIN_DIGITS, MAX_DIGITS))
            numbers[" ".join(digits)] = None
        return Corpus(train=[SentencePair(number, number[::-1]) for number in numbers])
