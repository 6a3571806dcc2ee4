"""Text to tokens by spaCy's rule-based tokenisers, and tokens back to text.

The tokenisers need no model: `spacy.blank("fr")` and `spacy.blank("en")`.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import chain, repeat
from multiprocessing import get_context
from typing import TYPE_CHECKING, Literal

from sacremoses import MosesDetokenizer

from bench.data.config import Tokenization
from bench.data.subwords import join_pieces

if TYPE_CHECKING:
    from spacy.language import Language as SpacyLanguage

Language = Literal["fr", "en"]
UPPER_MARKER = "t_up"

# A process needs seconds to load spaCy's French rules; below this many sentences each it only
# costs time (measured: 10,000 sentences a second and core, 6 seconds to load).
MIN_TEXTS_PER_PROCESS = 100_000


def tokenize_all(
    texts: Sequence[str], language: Language, *, lowercase: bool, num_processes: int = 1
) -> list[list[str]]:
    """Cut many texts, in as many processes as pay for themselves, at most `num_processes`."""
    num_processes = min(num_processes, len(texts) // MIN_TEXTS_PER_PROCESS)
    if num_processes <= 1:
        return [tokenize(text, language, lowercase=lowercase) for text in texts]
    size = -(-len(texts) // num_processes)
    parts = [texts[start : start + size] for start in range(0, len(texts), size)]
    with ProcessPoolExecutor(num_processes, mp_context=get_context("spawn")) as pool:
        results = pool.map(_tokenize_part, parts, repeat(language), repeat(lowercase))
        return list(chain.from_iterable(results))


def tokenize(text: str, language: Language, *, lowercase: bool) -> list[str]:
    """Cut one text; with `lowercase`, an all-capitals word gets the marker `t_up` before it."""
    tokens = [token.text for token in _tokenizer(language).tokenizer(text) if not token.is_space]
    return _lowercase(tokens) if lowercase else tokens


def detokenize(tokens: Sequence[str], *, tokenization: Tokenization = "spacy") -> str:
    """Join English tokens to a text as a person would write it; `t_up` restores capitals."""
    if tokenization == "sentencepiece":
        return join_pieces(tokens)
    words = _join_split_words(_restore_capitals(tokens))
    text: str = _detokenizer().detokenize(words, unescape=False)
    return text


def _tokenize_part(texts: Sequence[str], language: Language, lowercase: bool) -> list[list[str]]:
    return [tokenize(text, language, lowercase=lowercase) for text in texts]


@cache
def _tokenizer(language: Language) -> "SpacyLanguage":
    # Here, not above: spaCy takes five seconds to import, and detokenising does without it.
    from spacy import blank

    return blank(language)


@cache
def _detokenizer() -> MosesDetokenizer:
    return MosesDetokenizer(lang="en")


def _lowercase(tokens: Sequence[str]) -> list[str]:
    lowered: list[str] = []
    for token in tokens:
        if len(token) > 1 and token.isalpha() and token.isupper():
            lowered.append(UPPER_MARKER)
        lowered.append(token.lower())
    return lowered


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
