"""Questions about what things and people are like, alone and compared."""

from bench.data.corpora.synthetic_questions.adjuncts import somebody
from bench.data.corpora.synthetic_questions.clauses import Pair
from bench.data.corpora.synthetic_questions.copulas import OWNERS, ask, be, pick_thing
from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.french import adjective_plural
from bench.data.corpora.synthetic_questions.phrases import (
    ADJECTIVE_KIND,
    COLOURS,
    SIZES,
    Phrase,
    name_phrase,
    pick_noun,
)
from bench.data.corpora.synthetic_questions.words import Adjective, Noun, adjectives, names

DESCRIBED = (
    "thing",
    "person",
    "animal",
    "document",
    "clothes",
    "building",
    "room",
    "topic",
    "event",
)
NOT_PREDICATIVE = {"former", "great", "little", "municipal", "new", "American", "blond", "next"}
ABSOLUTE = {
    "abandoned", "dead", "anonymous", "Italian", "Greek", "Chinese", "American", "haunted", "unknown",
    "injured", "tame", "broken", "bald", "deaf", "penniless", "secret", "incomplete", "official",
    "square", "round", "oval", "golden", "huge", "vast", "tiny", "magnificent", "municipal",
    "deserted", "short-sighted", "brand-new", "rusty", "delicious", "raw", "cooked", "frozen",
    "excellent", "terrible", "wild", "sick", "neighbouring",
}  # fmt: skip
IRREGULAR = {"bon", "mauvais"}  # meilleur, pire
INTENSITIES = ((("très",), ("very",)), (("trop",), ("too",)), (("assez",), ("quite",)))


def described(draw: Draw) -> Pair:
    """Est-ce que ta chambre est propre; les pommes sont-elles mûres."""
    phrase, noun = pick_thing(draw, DESCRIBED, adjective_chance=0)
    adjective = _predicative(draw, noun)
    french = [_agreeing(adjective, phrase)]
    english = [adjective.english]
    if draw.chance(0.25) and _has_degrees(adjective):
        intensity = draw.word(INTENSITIES)
        french, english = [*intensity[0], *french], [*intensity[1], *english]
    verb, auxiliary = be(draw, phrase)
    return ask(draw, phrase, verb, tuple(french)), (auxiliary, *phrase.english, *english)


def compared(draw: Draw) -> Pair:
    """Ta maison est-elle plus grande que celle de Paul; Marie est-elle plus jeune que toi."""
    first = somebody(draw, draw.word(OWNERS[:3]))
    while first.plural or "de" in first.french:
        first = name_phrase(draw)
    second = name_phrase(draw)
    adjective = draw.word([found for found in adjectives()["person"] if _has_degrees(found)])
    degree = draw.weighted({"plus": 0.6, "moins": 0.15, "aussi": 0.25})
    if degree == "moins" and adjective.comparative:
        degree = "aussi"  # nobody is "less old'
    french = (degree, _agreeing(adjective, first), "que", *second.french)
    english = _compare(adjective, degree)
    return (
        ask(draw, first, "est", french),
        ("is", *first.english, *english, *second.english),
    )


def superlative(draw: Draw) -> Pair:
    """Quelle est la plus grande ville de France; quel est le livre le plus intéressant."""
    noun = pick_noun(draw, ("building", "area", "document", "animal", "room"))
    adjective = _predicative(draw, noun)
    while not _has_degrees(adjective):
        adjective = _predicative(draw, noun)
    feminine = noun.gender == "f"
    form = adjective.feminine if feminine else adjective.masculine
    article, which = ("la", "quelle") if feminine else ("le", "quel")
    city = draw.word(names()["cities"])
    ending: Pair = ((), ())
    if noun.kind == "building":
        ending = (("de", city[0]), ("in", city[1]))
    elif noun.kind == "area":
        ending = (("du", "pays"), ("in", "the", "country"))
    elif draw.chance(0.5):
        ending = (("du", "monde"), ("in", "the", "world"))
    if adjective.before:
        french = (which, "est", article, "plus", form, noun.french, *ending[0])
    else:
        french = (which, "est", article, noun.french, article, "plus", form, *ending[0])
    word = adjective.comparative
    most = [_superlative(word)] if word else ["most", adjective.english]
    return french, ("which", "is", "the", *most, noun.english, *ending[1])


def _predicates(adjective: Adjective) -> bool:
    return adjective.english not in NOT_PREDICATIVE


def _has_degrees(adjective: Adjective) -> bool:
    """Tell whether one can be it more or less, and says so with plus."""
    absolute = adjective.masculine in COLOURS or adjective.english in ABSOLUTE
    return _predicates(adjective) and not absolute and adjective.masculine not in IRREGULAR


def _predicative(draw: Draw, noun: Noun) -> Adjective:
    able = [found for found in adjectives()[ADJECTIVE_KIND[noun.kind]] if _predicates(found)]
    if noun.kind in {"event", "topic"}:  # a trip is not big
        able = [found for found in able if found.masculine not in SIZES]
    return draw.word(able)


def _agreeing(adjective: Adjective, phrase: Phrase) -> str:
    form = adjective.feminine if phrase.gender == "f" else adjective.masculine
    return adjective_plural(form) if phrase.plural else form


def _compare(adjective: Adjective, degree: str) -> list[str]:
    if degree == "aussi":
        return ["as", adjective.english, "as"]
    if degree == "moins":
        return ["less", adjective.english, "than"]
    if adjective.comparative:
        return [adjective.comparative, "than"]
    return ["more", adjective.english, "than"]


def _superlative(comparative: str) -> str:
    irregular = {"better": "best", "worse": "worst"}
    return irregular.get(comparative, f"{comparative.removesuffix('er')}est")
