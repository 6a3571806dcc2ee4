"""Text to tokens by spaCy's rule-based tokenisers, and tokens back to text.

The tokenisers need no model: `spacy.blank("fr")` and `spacy.blank("en")`.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from sacremoses import MosesDetokenizer

from bench.data.config import Tokenization
from bench.data.subwords import join_pieces
from bench.data.tokens import TokenizedText

if TYPE_CHECKING:
    from spacy.language import Language as SpacyLanguage

Language = Literal["fr", "en"]
UPPER_MARKER = "t_up"

# A process needs seconds to load spaCy's French rules; below this many sentences each it only
# costs time (measured: 14,000 French and 33,000 English ones a second and core, 6 seconds to load).
MIN_TEXTS_PER_PROCESS = 75_000
TEXTS_PER_PART = 10_000


class Column(NamedTuple):
    """Texts of one language."""

    texts: Sequence[str]
    language: Language


def tokenize_all(
    columns: Sequence[Column], *, lowercase: bool, num_processes: int = 1
) -> list[TokenizedText]:
    """Cut many texts, in as many processes as pay for themselves, at most `num_processes`."""
    work = partial(_tokenize_part, lowercase=lowercase)
    num_texts = sum(len(column.texts) for column in columns)
    num_processes = min(num_processes, num_texts // MIN_TEXTS_PER_PROCESS)
    if num_processes <= 1:
        return [work(column) for column in columns]
    parts = [_take_apart(column) for column in columns]
    with ProcessPoolExecutor(num_processes, mp_context=get_context("spawn")) as pool:
        done = pool.map(work, [part for column in parts for part in column])
        return [TokenizedText.join([next(done) for _ in column]) for column in parts]


def _take_apart(column: Column) -> list[Column]:
    starts = range(0, len(column.texts), TEXTS_PER_PART)
    return [
        Column(column.texts[start : start + TEXTS_PER_PART], column.language) for start in starts
    ]


def _tokenize_part(column: Column, *, lowercase: bool) -> TokenizedText:
    """Cut texts as `tokenize` does: spaCy's own numbers first, each different form spelt once."""
    if not column.texts:
        return TokenizedText.from_lists([])
    nlp = _tokenizer(column.language)
    cut = [nlp.tokenizer(text).to_array("ORTH") for text in column.texts]
    keys, forms = np.unique(np.concatenate(cut), return_inverse=True)
    spelt = TokenizedText.from_lists(
        [_spell(nlp.vocab.strings[key], lowercase=lowercase) for key in keys.tolist()]
    )
    return spelt.read(forms, lengths=np.array([len(each) for each in cut], np.int64))


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
