"""Text to tokens by spaCy's rule-based tokenisers, and tokens back to text.

The tokenisers need no model: `spacy.blank("fr")` and `spacy.blank("en")`.
"""

from collections.abc import Iterable, Sequence, Set
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from sacremoses import MosesDetokenizer

from bench.data.config import Tokenization
from bench.data.subwords import join_pieces
from bench.data.tokens import TokenizedText

if TYPE_CHECKING:
    from spacy.language import Language as SpacyLanguage

Language = Literal["fr", "en"]
UPPER_MARKER = "t_up"


def tokenize_all(texts: Iterable[str], language: Language, *, lowercase: bool) -> TokenizedText:
    """Cut many texts as `tokenize` cuts one.

    spaCy cuts at white space first and then each piece by itself: so each different piece is cut
    once, in a third to a half of the time that spaCy takes for whole texts. Only then does it look
    for special cases of several tokens, in the whole text: one in which a case might reach across
    white space is cut whole.
    """
    gaps = _gaps_in_special_cases(language)
    pieces = TokenizedText.from_lists(_pieces(text, gaps) for text in texts)
    cut = TokenizedText.from_lists(
        [tokenize(piece, language, lowercase=lowercase) for piece in pieces.words]
    )
    return cut.read(pieces.places, lengths=pieces.lengths)


def tokenize(text: str, language: Language, *, lowercase: bool) -> list[str]:
    """Cut one text; with `lowercase`, an all-capitals word gets the marker `t_up` before it."""
    forms = _tokenizer(language).tokenizer(text)
    return [token for form in forms for token in _spell(form.text, lowercase=lowercase)]


def _spell(form: str, *, lowercase: bool) -> tuple[str, ...]:
    """Return the tokens of one of spaCy's: none for white space, two for a word in capitals."""
    if form.isspace():
        return ()
    if not lowercase:
        return (form,)
    if len(form) > 1 and form.isalpha() and form.isupper():
        return UPPER_MARKER, form.lower()
    return (form.lower(),)


def detokenize(tokens: Sequence[str], *, tokenization: Tokenization = "spacy") -> str:
    """Join English tokens to a text as a person would write it; `t_up` restores capitals."""
    if tokenization == "sentencepiece":
        return join_pieces(tokens)
    words = _join_split_words(_restore_capitals(tokens))
    text: str = _detokenizer().detokenize(words, unescape=False)
    return text


@cache
def _tokenizer(language: Language) -> "SpacyLanguage":
    # Here, not above: spaCy takes five seconds to import, and detokenising does without it.
    from spacy import blank

    return blank(language)


def _pieces(text: str, gaps: Set[tuple[str, str]]) -> list[str]:
    """Return what can be cut by itself: what stands between white space, or all of the text."""
    pieces = text.split()
    whole = any((left[-1], right[0]) in gaps for left, right in pairwise(pieces))
    return [text] if whole else pieces


@cache
def _gaps_in_special_cases(language: Language) -> Set[tuple[str, str]]:
    """Return how one token of a special case ends and the next one begins, for all of them."""
    from spacy.tokenizer import Tokenizer

    full = _tokenizer(language).tokenizer
    plain = Tokenizer(
        full.vocab,
        prefix_search=full.prefix_search,
        suffix_search=full.suffix_search,
        infix_finditer=full.infix_finditer,
        token_match=full.token_match,
        url_match=full.url_match,
    )
    cases = ([token.text for token in plain(case)] for case in full.rules)
    return {(left[-1], right[0]) for case in cases for left, right in pairwise(case)}


@cache
def _detokenizer() -> MosesDetokenizer:
    return MosesDetokenizer(lang="en")


def _restore_capitals(tokens: Sequence[str]) -> list[str]:
    restored: list[str] = []
    raise_next = False
    for token in tokens:
        if token == UPPER_MARKER:
            raise_next = True
            continue
        restored.append(token.upper() if raise_next else token)
        raise_next = False
    return restored


def _join_split_words(tokens: Sequence[str]) -> list[str]:
    """Undo what spaCy cuts and Moses does not join: do·n't, can·not, well·-·known."""
    joined: list[str] = []
    after_hyphen = False
    for position, token in enumerate(tokens):
        hyphen = token == "-" and 0 < position < len(tokens) - 1
        hyphenated = hyphen and joined[-1][-1].isalnum() and tokens[position + 1][0].isalnum()
        negated = token == "n't" or (token == "not" and bool(joined) and joined[-1] == "can")
        if joined and (hyphenated or after_hyphen or negated):
            joined[-1] += token
        else:
            joined.append(token)
        after_hyphen = hyphenated
    return joined
