"""French forms: conjugation, agreement, and the joints between words.

A person is numbered as in grammars: 0 je, 1 tu, 2 il or elle, 3 nous, 4 vous, 5 ils or elles.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

FrenchTense = Literal["present", "imperfect", "future", "conditional"]

PRESENT = {
    "er": ("e", "es", "e", "ons", "ez", "ent"),
    "ir": ("is", "is", "it", "issons", "issez", "issent"),
    "re": ("s", "s", "", "ons", "ez", "ent"),
}
PARTICIPLE = {"er": "é", "ir": "i", "re": "u"}
FUTURE = ("ai", "as", "a", "ons", "ez", "ont")
IMPERFECT = ("ais", "ais", "ait", "ions", "iez", "aient")
STRESSED = {0, 1, 2, 5}  # persons whose ending is mute, so that the stem takes the stress
DOUBLING = ("appel", "jet")

VOWELS = "aeiouyàâäéèêëîïôöùûüœæ"
# What loses its vowel before another one; markers: see `surface`.
ELIDED = {"je", "me", "te", "se", "ne", "de", "que", "le", "la", "jusque", "lorsque", "parce que"}
BEFORE_VOWEL = {
    "ma": "mon",
    "ta": "ton",
    "sa": "son",
    "ce~": "cet",
    "beau~": "bel",
    "nouveau~": "nouvel",
    "vieux~": "vieil",
}


class Conjugation(NamedTuple):
    """The principal parts of a verb, from which all its forms follow."""

    present: tuple[str, ...]
    participle: str
    future_stem: str


@cache
def conjugate(infinitive: str, tense: FrenchTense, person: int) -> str:
    """Return a simple form: the third person of finir in the future is "finirons"."""
    parts = _principal_parts(infinitive)
    if tense == "present":
        return parts.present[person]
    if tense == "future":
        return parts.future_stem + FUTURE[person]
    if tense == "conditional":
        return parts.future_stem + IMPERFECT[person]
    stem = "ét" if infinitive == "être" else parts.present[3].removesuffix("ons")
    if person in {3, 4}:  # nous mangions, nous commencions
        stem = re.sub("ge$", "g", re.sub("ç$", "c", stem))
    return stem + IMPERFECT[person]


def participle(infinitive: str) -> str:
    """Return the past participle, masculine singular."""
    return _principal_parts(infinitive).participle


def agree(word: str, *, gender: str, plural: bool) -> str:
    """Give a participle or a regular adjective its ending."""
    feminine = f"{word.replace('û', 'u')}e" if gender == "f" else word
    return f"{feminine}s" if plural and not feminine.endswith("s") else feminine


def adjective_plural(word: str) -> str:
    """Return the plural of an adjective of either gender; compounds do not change."""
    if " " in word or word.endswith(("s", "x")):
        return word
    if word.endswith("al"):
        return f"{word[:-2]}aux"
    return f"{word}x" if word.endswith("eau") else f"{word}s"


def surface(tokens: Sequence[str]) -> str:
    """Write tokens as a sentence: elision, forms before a vowel, capital letter, no ending.

    Markers that vanish: `*` before an h that forbids elision, `~` behind a word that has another
    form before a vowel. Contractions (au, du) are made where the article is known to be one.
    """
    words: list[str] = []
    for position, token in enumerate(tokens):
        following = tokens[position + 1] if position + 1 < len(tokens) else ""
        if token in BEFORE_VOWEL and starts_with_vowel(following):
            token = BEFORE_VOWEL[token]
        token = token.rstrip("~").lstrip("*")
        elides = token in ELIDED or token.endswith("-ce que")
        if elides and starts_with_vowel(following):
            words.append(f"{token[:-1]}'")
        elif token == "si" and following in {"il", "ils"}:
            words.append("s'")
        else:
            words.append(f"{token} ")
    text = "".join(words).strip().replace(" ,", ",")
    return text[0].upper() + text[1:]


def starts_with_vowel(word: str) -> bool:
    """Tell whether a word begins with a vowel or a mute h."""
    if word.startswith("y"):
        return word == "y"
    return word[:1].lower() in VOWELS + "h" if word and word[0] != "*" else False


def contract(preposition: str, phrase: Sequence[str]) -> list[str]:
    """Join `à` or `de` to a noun phrase: au, aux, du, des; others simply stand before it."""
    article = phrase[0]
    if preposition in {"à", "de"} and article in {"le", "les"}:
        if article == "les":
            return ["aux" if preposition == "à" else "des", *phrase[1:]]
        if not starts_with_vowel(phrase[1]):
            return ["au" if preposition == "à" else "du", *phrase[1:]]
    return [preposition, *phrase]


@cache
def _principal_parts(infinitive: str) -> Conjugation:
    if infinitive in _irregular():
        return _irregular()[infinitive]
    stem, ending = infinitive[:-2], infinitive[-2:]
    if ending == "er":
        return _first_conjugation(stem)
    present = tuple(stem + suffix for suffix in PRESENT[ending])
    return Conjugation(present, stem + PARTICIPLE[ending], infinitive.removesuffix("e"))


def _first_conjugation(stem: str) -> Conjugation:
    stressed, future = stem, stem
    if stem.endswith(DOUBLING):
        stressed = future = stem + stem[-1]
    elif stem.endswith(("oy", "uy", "ay")):
        stressed = future = f"{stem[:-1]}i"
    elif re.search(f"e[^{VOWELS}]$", stem):  # acheter: achète, achètera
        stressed = future = f"{stem[:-2]}è{stem[-1]}"
    elif re.search(f"é[^{VOWELS}]+$", stem):  # préférer: préfère, but préférera
        stressed = re.sub(f"é([^{VOWELS}]+)$", r"è\1", stem)
    before_o = f"{stem}e" if stem.endswith("g") else re.sub("c$", "ç", stem)
    stems = [stressed if person in STRESSED else stem for person in range(6)]
    stems[3] = before_o
    present = tuple(a + b for a, b in zip(stems, PRESENT["er"], strict=True))
    return Conjugation(present, f"{stem}é", f"{future}er")


@cache
def _irregular() -> dict[str, Conjugation]:
    text = files(__package__).joinpath("words", "conjugation.txt").read_text("utf-8")
    verbs: dict[str, Conjugation] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            infinitive, _, parts = line.partition(": ")
            present, participle_form, future_stem = parts.split(" | ")
            forms = tuple(present.split())
            verbs[infinitive] = Conjugation(forms, participle_form, future_stem)
    return verbs
