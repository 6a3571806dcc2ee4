"""Noun phrases in both languages at once: determiner, adjective, noun, possessor."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.french import (
    adjective_plural,
    contract,
    starts_with_vowel,
)
from bench.data.corpora.synthetic_questions.words import (
    Adjective,
    Noun,
    adjectives,
    names,
    nouns,
)

Determiner = Literal["the", "a", "some", "any", "this", "own", "none", "few", "number", "other"]

# Which list of adjectives suits a class of nouns; classes without an entry take none.
ADJECTIVE_KIND = {
    "person": "person",
    "animal": "animal",
    "food": "food",
    "foodmass": "food",
    "clothes": "clothes",
    "thing": "object",
    "furniture": "object",
    "vehicle": "object",
    "machine": "object",
    "building": "place",
    "room": "place",
    "area": "place",
    "water": "place",
    "document": "document",
    "show": "document",
    "topic": "topic",
    "plant": "plant",
    "event": "event",
}
PLURAL_POSSESSIVES = {"mon": "mes", "ton": "tes", "son": "ses", "notre": "nos", "votre": "vos"}
FEMININE_POSSESSIVES = {"mon": "ma", "ton": "ta", "son": "sa"}
SMALL_NUMBERS = {2: "deux", 3: "trois", 4: "quatre", 5: "cinq", 6: "six", 7: "sept", 8: "*huit"}
ENGLISH_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}
SIZES = {"petit", "grand", "gros", "beau"}
COLOURS = {
    "rouge", "noir", "bleu", "blanc", "vert", "jaune", "gris", "rose", "brun", "violet", "doré",
    "japonais", "italien", "suisse", "américain", "espagnol", "allemand", "anglais", "russe",
}  # fmt: skip


class Phrase(NamedTuple):
    """A noun phrase, and what verbs and pronouns must know of it."""

    french: tuple[str, ...]
    english: tuple[str, ...]
    gender: str = "m"
    person: int = 2  # 0 je … 5 ils; a noun is 2 or 5
    pronoun: bool = False  # stands as a clitic in French inversion: viens-tu
    own: tuple[str, str] = ("son", "his")  # possessives that refer back to this phrase

    @property
    def plural(self) -> bool:
        """Whether French treats it as plural."""
        return self.person >= 3

    @property
    def english_person(self) -> int:
        """The person for English verbs: tu and vous are both "you"."""
        return self.person


PRONOUNS = {
    phrase.french[0]: phrase
    for phrase in (
        Phrase(("je",), ("I",), "m", 0, True, ("mon", "my")),
        Phrase(("tu",), ("you",), "m", 1, True, ("ton", "your")),
        Phrase(("il",), ("he",), "m", 2, True, ("son", "his")),
        Phrase(("elle",), ("she",), "f", 2, True, ("son", "her")),
        Phrase(("nous",), ("we",), "m", 3, True, ("notre", "our")),
        Phrase(("vous",), ("you",), "m", 4, True, ("votre", "your")),
        Phrase(("ils",), ("they",), "m", 5, True, ("leur", "their")),
        Phrase(("elles",), ("they",), "f", 5, True, ("leur", "their")),
    )
}


def pick_noun(draw: Draw, classes: Sequence[str]) -> Noun:
    """Choose a noun from one of some classes, large classes first."""
    kinds = {kind: len(nouns()[kind]) ** 0.5 for kind in classes}
    return draw.word(nouns()[draw.weighted(kinds)])


def build_phrase(
    draw: Draw,
    noun: Noun,
    determiner: Determiner,
    *,
    plural: bool = False,
    owner: tuple[str, str] = ("son", "his"),
    adjective_chance: float = 0.25,
) -> Phrase:
    """Put determiner and perhaps adjectives to a noun.

    Args:
        draw: chance.
        noun: the noun.
        determiner: which kind; "none" is what negation leaves: pas de pain.
        plural: whether several are meant; uncounted nouns ignore it.
        owner: French and English possessive, for the determiner "own".
        adjective_chance: probability of an adjective, in [0, 1].
    """
    plural = plural and noun.counted
    found = _adjectives(draw, noun) if draw.chance(adjective_chance) else ()
    french = _french_noun(noun, found, plural=plural)
    english = [adjective.english for adjective in found]
    english.append(noun.english_plural if plural else noun.english)
    determined = _determine(draw, noun, determiner, french, owner=owner, plural=plural)
    return Phrase(
        french=(*determined[0], *french),
        english=(*determined[1], *english),
        gender=noun.gender,
        person=5 if plural else 2,
        own=("leur", "their") if plural else ("son", "her" if noun.gender == "f" else "his"),
    )


def name_phrase(draw: Draw) -> Phrase:
    """Choose a first name."""
    women = draw.chance(0.5)
    french, english = draw.word(names()["women" if women else "men"])
    return Phrase(
        (french,), (english,), "f" if women else "m", 2, own=("son", "her" if women else "his")
    )


def both(first: Phrase, second: Phrase) -> Phrase:
    """Join two phrases with "et"."""
    gender = "f" if first.gender == second.gender == "f" else "m"
    return Phrase(
        (*first.french, "et", *second.french),
        (*first.english, "and", *second.english),
        gender,
        5,
        own=("leur", "their"),
    )


def kin_phrase(draw: Draw, owner: tuple[str, str], *, plural_chance: float = 0.15) -> Phrase:
    """Choose a relative of somebody: ta sœur, ses cousins."""
    noun = draw.word(nouns()["kin"])
    while noun.french in {"mari", "femme"} and owner[0] in {"leur", "notre"}:
        noun = draw.word(nouns()["kin"])
    unique = noun.french in {"mère", "père", "mari", "femme", "beau-père", "belle-mère"}
    plural = not unique and draw.chance(plural_chance)
    return build_phrase(draw, noun, "own", plural=plural, owner=owner, adjective_chance=0)


def of(thing: Phrase, owner: Phrase) -> Phrase:
    """Say whose it is: la voiture de Paul, Paul's car. `thing` must be definite."""
    ending = "'" if owner.plural and owner.english[-1].endswith("s") else "'s"
    possessor = (*owner.english[:-1], owner.english[-1] + ending)
    return thing._replace(
        french=(*thing.french, *contract("de", owner.french)),
        english=(*possessor, *thing.english[1:]),
    )


def _adjectives(draw: Draw, noun: Noun) -> tuple[Adjective, ...]:
    kind = ADJECTIVE_KIND.get(noun.kind)
    if kind is None:
        return ()
    first = draw.word(adjectives()[kind])
    if first.masculine in SIZES and first.before and draw.chance(0.2):
        colours = [other for other in adjectives()[kind] if other.masculine in COLOURS]
        if colours:
            return (first, draw.word(colours))
    return (first,)


def _french_noun(noun: Noun, found: Sequence[Adjective], *, plural: bool) -> list[str]:
    before: list[str] = []
    after: list[str] = []
    for adjective in found:
        form = adjective.masculine if noun.gender == "m" else adjective.feminine
        changes = form in {"beau", "nouveau", "vieux"} and adjective.before and not plural
        form = adjective_plural(form) if plural else f"{form}~" if changes else form
        (before if adjective.before else after).append(form)
    return [*before, noun.french_plural if plural else noun.french, *after]


def _determine(
    draw: Draw,
    noun: Noun,
    determiner: Determiner,
    french: Sequence[str],
    *,
    owner: tuple[str, str],
    plural: bool,
) -> tuple[list[str], list[str]]:
    """Return the determiner in both languages."""
    feminine = noun.gender == "f"
    if determiner == "own":
        return [_possessive(owner[0], feminine=feminine, plural=plural)], [owner[1]]
    if determiner == "this":
        singular = "cette" if feminine else "ce~"
        return ["ces" if plural else singular], ["these" if plural else "this"]
    if determiner == "the":
        return ["les" if plural else "la" if feminine else "le"], ["the"]
    if determiner == "none":
        bare = plural or not noun.counted
        return ["de"], ["any"] if bare else ["a"]
    if determiner == "few":
        if not noun.counted:
            return ["un", "peu", "de"], ["a little"]
        return (["quelques"], ["a few"]) if draw.chance(0.6) else (["plusieurs"], ["several"])
    if determiner == "number":
        number = draw.word(tuple(SMALL_NUMBERS))
        return [SMALL_NUMBERS[number]], [ENGLISH_NUMBERS[number]]
    if determiner == "other":
        if plural:
            return ["d'autres"], ["other"]
        return ["une autre" if feminine else "un autre"], ["another"]
    if plural:
        # An adjective before the noun turns des into de: de belles fleurs.
        bare = french[0] == noun.french_plural
        return ["des" if bare else "de"], ["any"] if determiner == "any" else []
    if noun.counted:
        return ["une" if feminine else "un"], ["a"]
    return _partitive(french, feminine=feminine), ["any" if determiner == "any" else "some"]


def _partitive(french: Sequence[str], *, feminine: bool) -> list[str]:
    if feminine or starts_with_vowel(french[0]):
        return ["de", "la" if feminine else "le"]
    return ["du"]


def _possessive(french: str, *, feminine: bool, plural: bool) -> str:
    if french == "leur":
        return "leurs" if plural else "leur"
    if plural:
        return PLURAL_POSSESSIVES[french]
    return FEMININE_POSSESSIVES.get(french, french) if feminine else french
