"""Text to tokens, and back."""

import pytest

from bench.data.tokenization import Column, detokenize, tokenize, tokenize_all
from tests.data.test_tokens import spell


def test_french_is_cut_as_in_the_lesson() -> None:
    """The lesson's own example, with a typographic apostrophe."""
    tokens = tokenize("Qu’est-ce que la lumière?", "fr", lowercase=True)

    assert tokens == ["qu’", "est", "-ce", "que", "la", "lumière", "?"]


def test_a_word_in_capitals_is_marked() -> None:
    """`t_up` stands before it; a single capital letter is no such word."""
    assert tokenize("Is the EU A club?", "en", lowercase=True) == [
        "is", "the", "t_up", "eu", "a", "club", "?",
    ]  # fmt: skip


def test_case_is_kept_on_demand() -> None:
    """Without lower-casing no marker is needed."""
    assert tokenize("The EU?", "en", lowercase=False) == ["The", "EU", "?"]


@pytest.mark.parametrize(
    "text",
    [
        "why don't you come?",
        "isn't it a well-known café?",
        "i cannot say: what's paul's name, and who's there?",
        "do you want a t-shirt (for $20)?",
        'is the EU "big"?',
    ],
)
def test_tokens_become_text_again(text: str) -> None:
    """Cut and joined, a sentence is what it was."""
    assert detokenize(tokenize(text, "en", lowercase=True)) == text


@pytest.mark.parametrize("lowercase", [True, False])
def test_many_texts_are_cut_as_each_alone(lowercase: bool) -> None:
    """White space is no token, a word in capitals is two."""
    texts = ["Is the EU  a club?", " ", "Don't!", "The EU\u00a0is."]

    (together,) = tokenize_all([Column(texts, "en")], lowercase=lowercase)

    assert spell(together) == [tokenize(text, "en", lowercase=lowercase) for text in texts]


def test_several_processes_cut_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order and the tokens are the same, of every column."""
    monkeypatch.setattr("bench.data.tokenization.MIN_TEXTS_PER_PROCESS", 2)
    monkeypatch.setattr("bench.data.tokenization.TEXTS_PER_PART", 2)
    columns = [
        Column([f"Who is number {n}?" for n in range(5)], "en"),
        Column([], "fr"),
        Column(["Qui est-ce ?"], "fr"),
    ]

    together = tokenize_all(columns, lowercase=True, num_processes=2)

    assert [spell(text) for text in together] == [
        [tokenize(text, column.language, lowercase=True) for text in column.texts]
        for column in columns
    ]
