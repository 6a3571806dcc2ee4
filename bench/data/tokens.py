"""Tokenised text as numbers: what happens to every token happens to whole arrays.

Shapes: M sentences, N tokens of all sentences, W different words.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np


class TokenizedText(NamedTuple):
    """Sentences end to end, each token the place of its word in a list."""

    words: Sequence[str]  # W, each once
    places: np.ndarray  # (N,) int32
    lengths: np.ndarray  # (M,) int64, tokens of each sentence

    @classmethod
    def from_lists(cls, sentences: Iterable[Sequence[str]]) -> "TokenizedText":
        """Number the words of sentences in the order in which they come."""
        numbers = _Numbers()
        lengths, places = list[int](), list[int]()
        for tokens in sentences:
            lengths.append(len(tokens))
            places.extend(numbers[token] for token in tokens)
        return cls(list(numbers), np.array(places, np.int32), np.array(lengths, np.int64))

    @classmethod
    def joined(cls, texts: Iterable["TokenizedText"]) -> "TokenizedText":
        """Put texts one below the other, numbering words as if they had been one."""
        numbers = _Numbers()
        places, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
        for text in texts:
            anew = np.array([numbers[word] for word in text.words], np.int32)
            places.append(anew[text.places])
            lengths.append(text.lengths)
        return cls(list(numbers), np.concatenate(places), np.concatenate(lengths))

    def __len__(self) -> int:
        return len(self.lengths)

    def select(self, chosen: np.ndarray) -> "TokenizedText":
        """Keep some sentences, told by a mask (M,)."""
        return TokenizedText(
            self.words, self.places[np.repeat(chosen, self.lengths)], self.lengths[chosen]
        )

    def divided(self, sizes: Sequence[int]) -> list["TokenizedText"]:
        """Part the text into texts of so many sentences each, one after the other."""
        part_of = np.repeat(np.arange(len(sizes)), sizes)
        return [self.select(part_of == number) for number in range(len(sizes))]

    def read(self, order: np.ndarray, *, lengths: np.ndarray) -> "TokenizedText":
        """Make sentences out of these: row by row as `order` says, `lengths` rows each.

        Args:
            order: (R,), which sentences of this text come after one another.
            lengths: (M,), how many of them make one of the new text.
        """
        taken = self.lengths[order]
        ends = np.concatenate([[0], np.cumsum(taken)])
        starts = np.cumsum(self.lengths) - self.lengths
        within = np.arange(ends[-1]) - np.repeat(ends[:-1], taken)
        places = self.places[np.repeat(starts[order], taken) + within]
        borders = ends[np.concatenate([[0], np.cumsum(lengths)])]
        return TokenizedText(self.words, places, np.diff(borders))

    def counts(self) -> dict[str, int]:
        """Count the words that occur."""
        found = np.bincount(self.places, minlength=len(self.words)).tolist()
        return {word: count for word, count in zip(self.words, found, strict=True) if count}


class _Numbers(dict[str, int]):
    """Numbers words as they are met."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number
