"""English forms: the verb with its auxiliaries, articles, and the joints between words."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

EnglishTense = Literal[
    "simple_present",
    "progressive",
    "simple_past",
    "past_progressive",
    "used_to",
    "perfect",
    "perfect_progressive",
    "will",
    "going_to",
    "would",
]

VOWELS = "aeiou"
# Written with a vowel but spoken without, and the other way round.
CONSONANT_SOUND = ("uni", "use", "euro", "one")
VOWEL_SOUND = ("honest", "hour", "heir")
NEGATED = {"will": "won't", "can": "can't", "am": "am not"}
BE_PRESENT = ("am", "are", "is", "are", "are", "are")
BE_PAST = ("was", "were", "was", "were", "were", "were")


class EnglishVerb(NamedTuple):
    """A verb's own words: the one that is inflected, and what follows it."""

    base: str
    past: str
    participle: str
    gerund: str
    particle: tuple[str, ...] = ()


class Chain(NamedTuple):
    """A conjugated verb, cut where a question cuts it."""

    auxiliary: str | None  # None: a full verb that needs "do" in a question
    finite: str  # the finite form of a statement without auxiliary, "" if there is one
    rest: tuple[str, ...]  # everything after the auxiliary, or the bare verb after "do"
    do: str  # "do", "does" or "did"


def chain(verb: EnglishVerb, tense: EnglishTense, person: int) -> Chain:
    """Conjugate; `person` as in `french`: 0 I, 1 you, 2 he, 3 we, 4 you, 5 they."""
    third = person == 2
    have = "has" if third else "have"
    match tense:
        case "simple_present" | "simple_past":
            return _simple(verb, person, past=tense == "simple_past")
        case "progressive":
            return Chain(BE_PRESENT[person], "", (verb.gerund,), "")
        case "past_progressive":
            return Chain(BE_PAST[person], "", (verb.gerund,), "")
        case "used_to":
            return Chain(None, "used", ("use", "to", verb.base), "did")
        case "perfect":
            return Chain(have, "", (verb.participle,), "")
        case "perfect_progressive":
            return Chain(have, "", ("been", verb.gerund), "")
        case "will":
            return Chain("will", "", (verb.base,), "")
        case "going_to":
            return Chain(BE_PRESENT[person], "", ("going", "to", verb.base), "")
        case "would":
            return Chain("would", "", (verb.base,), "")


def negate(auxiliary: str) -> str:
    """Contract an auxiliary with "not"."""
    return NEGATED.get(auxiliary, f"{auxiliary}n't")


def third_person(base: str) -> str:
    """Return the form after he, she and it."""
    if base in {"have", "be"}:
        return {"have": "has", "be": "is"}[base]
    if base.endswith(("s", "x", "ch", "sh", "o", "z")):
        return f"{base}es"
    if base.endswith("y") and base[-2] not in VOWELS:
        return f"{base[:-1]}ies"
    return f"{base}s"


def regular_past(base: str, *, doubled: bool = False) -> str:
    """Return a regular past form; `doubled` repeats the last letter."""
    if base.endswith("y") and base[-2] not in VOWELS:
        return f"{base[:-1]}ied"
    stem = f"{base}{base[-1]}" if doubled else base.removesuffix("e")
    return f"{stem}ed"


def regular_gerund(base: str, *, doubled: bool = False) -> str:
    """Return the form in -ing; `doubled` repeats the last letter."""
    if doubled:
        return f"{base}{base[-1]}ing"
    return f"{base if base.endswith(('ee', 'be')) else base.removesuffix('e')}ing"


def indefinite(word: str) -> str:
    """Choose between "a" and "an" by the sound of the next word."""
    lowered = word.lower()
    if lowered.startswith(CONSONANT_SOUND):
        return "a"
    return "an" if lowered[0] in VOWELS or lowered.startswith(VOWEL_SOUND) else "a"


def surface(tokens: Sequence[str]) -> str:
    """Write tokens as a sentence: a or an, capital letter, no ending."""
    words = list(tokens)
    for position, token in enumerate(tokens[:-1]):
        if token == "a":
            words[position] = indefinite(tokens[position + 1])
    text = " ".join(words).replace(" ,", ",")
    return text[0].upper() + text[1:]


def _simple(verb: EnglishVerb, person: int, *, past: bool) -> Chain:
    third = person == 2
    if verb.base == "be":
        return Chain((BE_PAST if past else BE_PRESENT)[person], "", (), "")
    if past:
        return Chain(None, verb.past, (verb.base,), "did")
    finite = third_person(verb.base) if third else verb.base
    return Chain(None, finite, (verb.base,), "does" if third else "do")
