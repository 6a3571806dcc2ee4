"""The lexicon: nouns, verbs, adjectives and names, read from the text files beside this one."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from bench.data.corpora.synthetic_questions.english import regular_gerund, regular_past

ENTRY = re.compile(r",\s*")


class Noun(NamedTuple):
    """A French noun and its one English translation."""

    gender: str  # "m" or "f"
    french: str  # singular; a leading * marks an h that forbids elision
    french_plural: str
    english: str
    english_plural: str
    counted: bool  # whether English counts it: a cup, but no bread
    kind: str  # its class, the section of nouns.txt


class Adjective(NamedTuple):
    """A French adjective and its English translation, for nouns of one kind."""

    masculine: str
    feminine: str
    before: bool  # whether it stands before the French noun
    english: str
    comparative: str | None  # None: with "more"


class Verb(NamedTuple):
    """A French verb, its English translation, and what it goes with."""

    name: str  # as it stands in the list, with blanks: se lever, avoir besoin
    french: str  # the infinitive alone: lever, avoir
    tail: tuple[str, ...]  # further French words: avoir besoin
    reflexive: bool
    preposition: str  # "", "à" or "de": how the French object is joined
    base: str  # first English word, the one that is inflected
    past: str
    participle: str
    gerund: str
    particle: tuple[str, ...]  # further English words
    separable: bool  # whether a pronoun stands before the particle
    objects: tuple[str, ...]  # classes of nouns; empty: no object
    traits: frozenset[str]

    @property
    def progressive(self) -> bool:
        """Whether the plain French present reads as "is doing"."""
        return "state" not in self.traits


class Country(NamedTuple):
    """A country with the French preposition of being there and going there."""

    preposition: str
    french: str
    english: str


@cache
def nouns() -> dict[str, tuple[Noun, ...]]:
    """Return the nouns by class, small classes (groups.txt) included, commonest first."""
    classes = {
        kind: tuple(_noun(entry, kind) for entry in entries)
        for kind, entries in _sections("nouns.txt")
    }
    by_french: dict[str, Noun] = {}
    for members in classes.values():
        for noun in members:
            word = noun.french.removeprefix("*").replace(" ", "_")
            by_french.setdefault(word, noun)
            by_french[f"{noun.kind}/{word}"] = noun
    for line in _lines("groups.txt"):
        kind, _, words = line.partition(": ")
        classes[kind] = tuple(by_french[word] for word in words.split())
    return classes


@cache
def adjectives() -> dict[str, tuple[Adjective, ...]]:
    """Return the adjectives by the kind of noun they suit, commonest first."""
    return {
        kind: tuple(_adjective(entry) for entry in entries)
        for kind, entries in _sections("adjectives.txt")
    }


@cache
def verbs() -> tuple[Verb, ...]:
    """Return the verbs, commonest first."""
    return tuple(_verb(line) for line in _lines("verbs.txt"))


@cache
def names() -> dict[str, tuple[tuple[str, str], ...]]:
    """Return (French, English) names of `women`, `men` and `cities`, commonest first."""
    return {
        kind: tuple(_both(entry) for entry in entries)
        for kind, entries in _sections("names.txt")
        if kind != "countries"
    }


@cache
def countries() -> tuple[Country, ...]:
    """Return the countries, commonest first."""
    entries = dict(_sections("names.txt"))["countries"]
    return tuple(Country(*(_spaced(word) for word in entry.split())) for entry in entries)


def _lines(name: str) -> Iterator[str]:
    text = files(__package__).joinpath(name).read_text("utf-8")
    return (line for line in text.split("\n") if line and not line.startswith("#"))


def _sections(name: str) -> Iterator[tuple[str, list[str]]]:
    kind, entries = "", list[str]()
    for line in _lines(name):
        if line.startswith("["):
            if entries:
                yield kind, entries
            kind, entries = line.strip("[]"), []
        else:
            entries += ENTRY.split(line.strip().removesuffix(","))
    yield kind, entries


def _noun(entry: str, kind: str) -> Noun:
    gender, french, english = entry.split()
    french, french_plural = _pair(_spaced(french), french_plural_of)
    english, english_plural = _pair(_spaced(english), english_plural_of)
    counted = not english.startswith("~")
    english, english_plural = english.lstrip("~"), english_plural.lstrip("~")
    return Noun(gender, french, french_plural, english, english_plural, counted, kind)


def _adjective(entry: str) -> Adjective:
    french, english = entry.split()
    masculine, feminine = _pair(_spaced(french.removeprefix("<")), feminine_of)
    english, _, comparative = english.partition("/")
    return Adjective(masculine, feminine, french.startswith("<"), english, comparative or None)


def _verb(line: str) -> Verb:
    left, classes, kinds = line.split(" : ")
    french, english = left.split(" = ")
    reflexive = french.startswith(("se_", "s'"))
    head, *tail = french.removeprefix("se_").removeprefix("s'").split("_")
    forms = english.split()
    base, *particle = re.split(r"[|%]", forms[0].replace("+", ""))
    base, _, gerund = base.partition("/")
    past, participle = (
        (re.split(r"[|%]", form)[0] for form in forms[1:])
        if len(forms) > 1
        else (regular_past(base, doubled="+" in forms[0]),) * 2
    )
    preposition, objects = "", classes.split()
    if objects[0] in {"à", "de"}:
        preposition, *objects = objects
    return Verb(
        name=_spaced(french),
        french=head,
        tail=tuple(tail),
        reflexive=reflexive,
        preposition=preposition,
        base=base,
        past=past,
        participle=participle,
        gerund=gerund or regular_gerund(base, doubled="+" in forms[0]),
        particle=tuple(particle),
        separable="%" in forms[0],
        objects=() if objects == ["-"] else tuple(objects),
        traits=frozenset(kinds.split()),
    )


def _both(entry: str) -> tuple[str, str]:
    french, _, english = _spaced(entry).partition("/")
    return french, english or french


def _pair(entry: str, rule: Callable[[str], str]) -> tuple[str, str]:
    first, _, second = entry.partition("/")
    return first, second or rule(first)


def _spaced(entry: str) -> str:
    return entry.replace("_", " ")


def french_plural_of(word: str) -> str:
    """Apply the rules for French nouns: -s, -x and -z stay, -au and -eu take -x."""
    head, space, tail = word.partition(" ")
    if space:  # a compound's first word is the noun: pommes de terre
        adjective = tail if " " in tail or tail.startswith(("d'", "à")) else f"{tail}s"
        return f"{french_plural_of(head)} {adjective}"
    if word.startswith(("grand-", "beau-", "belle-")):
        first, second = word.split("-")
        return f"{'beaux' if first == 'beau' else f'{first}s'}-{french_plural_of(second)}"
    if word.endswith(("s", "x", "z")):
        return word
    return word + ("x" if word.endswith(("au", "eu")) else "s")


def english_plural_of(word: str) -> str:
    """Apply the rules for English nouns; the last word of a compound takes the ending."""
    if word.endswith("-in-law"):
        return f"{english_plural_of(word.removesuffix('-in-law'))}-in-law"
    if word.endswith(("s", "x", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def feminine_of(word: str) -> str:
    """Apply the rule for French adjectives: -e, unless there is one; compounds stay."""
    return word if word.endswith("e") or " " in word else f"{word}e"
