"""Which forms of a word to look up, in which order, and the ledger of what was found.

Shapes: V tokens, E features.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bench.data.vocabulary import SPECIALS

NUM_MISSING_SHOWN = 20
APOSTROPHES = "'’"


class VectorRows(NamedTuple):
    """Vectors in the order of a vocabulary."""

    rows: np.ndarray  # (V, E) float32, zero where there is none
    found: np.ndarray  # (V,) bool


@dataclass(frozen=True, kw_only=True, slots=True)
class VectorsLedger:
    """What was found for one language."""

    vectors: str
    """Where they come from: `train`, a file's name, a published name."""
    types_covered: float
    """Share of the vocabulary's words with a vector of their own, in [0, 1]."""
    tokens_covered: float
    """Share of the training split's tokens with one, in [0, 1]."""
    from_other_forms: int
    """Words found under another case or apostrophe."""
    from_subwords: int
    """Words whose vector was composed of their parts."""
    deviation: float
    """Standard deviation over all entries found."""
    most_frequent_missing: Sequence[str]
    lines_skipped: Mapping[str, int]
    """Lines of a text file that could not be used, by reason."""


def forms(word: str, *, back_off: bool) -> list[str]:
    """List the forms to look a word up under, best first.

    With `back_off`: l' also as l’, then as l; bonjour also as Bonjour and BONJOUR.
    """
    if not back_off:
        return [word]
    found = [word]
    for apostrophe in APOSTROPHES:
        found += [form.replace(other, apostrophe) for form in found[:1] for other in APOSTROPHES]
    found.append(word.strip(APOSTROPHES))
    for form in list(found):
        found += [form.lower(), form.capitalize(), form.upper()]
    return [form for form in dict.fromkeys(found) if form]


def arrange(
    words: Sequence[str], known: Mapping[str, np.ndarray], *, dim: int, back_off: bool
) -> tuple[VectorRows, int]:
    """Put vectors in the order of a vocabulary; also count those found under another form.

    Args:
        words: the vocabulary, special tokens first; these get no vector.
        known: vectors (E,) by form.
        dim: E.
        back_off: whether other forms of a word may stand for it.
    """
    rows = np.zeros((len(words), dim), dtype=np.float32)
    found = np.zeros(len(words), dtype=bool)
    others = 0
    for index, word in enumerate(words[len(SPECIALS) :], start=len(SPECIALS)):
        for form in forms(word, back_off=back_off):
            if form in known:
                rows[index], found[index] = known[form], True
                others += form != word
                break
    return VectorRows(rows, found), others


def wanted_forms(words: Iterable[str], *, back_off: bool) -> set[str]:
    """Return every form under which some word may be looked up."""
    return {form for word in words for form in forms(word, back_off=back_off)}


def write_ledger(  # noqa: PLR0913 - one figure each
    vectors: str,
    words: Sequence[str],
    frequencies: Mapping[int, int],
    found: VectorRows,
    *,
    others: int,
    composed: np.ndarray,
    skipped: Counter[str],
) -> VectorsLedger:
    """Sum up what was found for one language.

    Args:
        vectors: where they come from.
        words: the vocabulary.
        frequencies: occurrences in the training split, by token id.
        found: the rows.
        others: words found under another form.
        composed: (V,), true where a vector was composed of subwords.
        skipped: unusable lines by reason.
    """
    own = found.found & ~composed
    own_types = own[len(SPECIALS) :]
    tokens = sum(frequencies.values())
    covered = sum(count for token_id, count in frequencies.items() if own[token_id])
    missing = sorted(
        (token_id for token_id in frequencies if not own[token_id] and token_id >= len(SPECIALS)),
        key=lambda token_id: -frequencies[token_id],
    )
    return VectorsLedger(
        vectors=vectors,
        types_covered=float(own_types.mean()) if len(own_types) else 0.0,
        tokens_covered=covered / tokens if tokens else 0.0,
        from_other_forms=others,
        from_subwords=int(composed.sum()),
        deviation=float(found.rows[found.found].std()) if found.found.any() else 0.0,
        most_frequent_missing=[words[token_id] for token_id in missing[:NUM_MISSING_SHOWN]],
        lines_skipped=dict(skipped),
    )
