"""Text to tokens, and back."""

from itertools import product

import pytest
import spacy

from bench.data.tokenization import Language, detokenize, tokenize, tokenize_all
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


AWKWARD = [
    "Is the EU  a club?",
    " ",
    "",
    "Don't! Can not: cannot.",
    "The EU\u00a0is. The\tU.S.A. too\u202f?",
    "Well :-) or : ) or:) a.m. 5pm (e.g. 10 000 €, $20 )...",
    "  qu'est-ce que c'est, aujourd'hui ?\n",
    "M. Dupont a-t-il 3,5 km à faire, etc. ? C'est-à-dire...",
    "Visitez https://example.org/a?b=c, s.v.p. !",
    "He said 'stop' ''now''. The boys' ''house''",
    "l' ''Art'' nouveau, (rires) :-P",
]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("lowercase", [True, False])
def test_many_texts_are_cut_as_each_alone(language: Language, lowercase: bool) -> None:
    """By pieces between white space, where spaCy is given whole texts here."""
    together = tokenize_all(AWKWARD, language, lowercase=lowercase)

    assert spell(together) == [tokenize(text, language, lowercase=lowercase) for text in AWKWARD]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_special_cases_next_to_one_another_are_cut_as_each_text_alone(language: Language) -> None:
    """SpaCy looks for them across white space too: every two that end and begin without letters."""
    rules = [rule for rule in spacy.blank(language).tokenizer.rules if not rule.isspace()]
    marks = [rule for rule in rules if not any(character.isalnum() for character in rule)]
    texts = [
        text.format(left, right)
        for left, right in product(marks, marks[::3])
        for text in ("w{} {}w", "({} {})")
    ]

    together = spell(tokenize_all(texts, language, lowercase=False))

    assert len(texts) > 4000
    assert together == [tokenize(text, language, lowercase=False) for text in texts]
