"""Text to tokens, and back."""

import pytest

from bench.data.tokenization import detokenize, tokenize, tokenize_all


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


def test_several_processes_cut_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order and the tokens are the same."""
    monkeypatch.setattr("bench.data.tokenization.MIN_TEXTS_PER_PROCESS", 2)
    texts = [f"Who is number {n}?" for n in range(5)]

    together = tokenize_all(texts, "en", lowercase=True, num_processes=2)

    assert together == [tokenize(text, "en", lowercase=True) for text in texts]
