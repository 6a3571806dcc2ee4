"""Sentences as arrays of places in a list of words."""

import numpy as np

from bench.data.tokens import TokenizedText

SENTENCES = [["who", "is", "who", "?"], [], ["is", "it", "?"]]


def spell(text: TokenizedText) -> list[list[str]]:
    """Undo the numbering."""
    words = [text.words[place] for place in text.places]
    ends = np.cumsum(text.lengths)
    return [
        words[end - length : end] for end, length in zip(ends, text.lengths.tolist(), strict=True)
    ]


def test_numbered_sentences_are_what_they_were() -> None:
    """An empty one too; every word is listed once and counted."""
    text = TokenizedText.from_lists(SENTENCES)

    assert spell(text) == SENTENCES
    assert list(text.words) == ["who", "is", "?", "it"]
    assert text.counts() == {"who": 2, "is": 2, "?": 2, "it": 1}


def test_a_word_of_no_sentence_is_not_counted() -> None:
    """What was left out is not in the vocabulary."""
    kept = TokenizedText.from_lists(SENTENCES).select(np.array([True, True, False]))

    assert spell(kept) == SENTENCES[:2]
    assert kept.counts() == {"who": 2, "is": 1, "?": 1}


def test_sentences_become_parts_of_longer_ones() -> None:
    """In any order, several times, and none for an empty one."""
    text = TokenizedText.from_lists(SENTENCES)

    longer = text.read(np.array([2, 1, 0, 2]), lengths=np.array([3, 0, 1]))

    assert spell(longer) == [SENTENCES[2] + SENTENCES[0], [], SENTENCES[2]]


def test_texts_that_are_joined_are_numbered_as_one() -> None:
    """Whatever numbers their words had before, and wherever one ends."""
    parts = [TokenizedText.from_lists(SENTENCES[place:]) for place in range(4)]

    joined = TokenizedText.joined(parts)

    expected = TokenizedText.from_lists([*SENTENCES, *SENTENCES[1:], *SENTENCES[2:]])
    assert spell(joined) == spell(expected)
    assert list(joined.words) == list(expected.words)


def test_a_text_is_divided_and_is_whole_again() -> None:
    """Into parts of any size, none included."""
    text = TokenizedText.from_lists(SENTENCES)

    parts = text.divided([1, 0, 2])

    assert [spell(part) for part in parts] == [SENTENCES[:1], [], SENTENCES[1:]]
    assert spell(TokenizedText.joined(parts)) == SENTENCES
