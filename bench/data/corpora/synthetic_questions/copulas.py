"""Questions with être and avoir: where something is, what it costs, whose it is."""

from bench.data.corpora.synthetic_questions.adjuncts import NUMBERS, somebody
from bench.data.corpora.synthetic_questions.clauses import Pair
from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.french import conjugate
from bench.data.corpora.synthetic_questions.phrases import (
    Determiner,
    Phrase,
    build_phrase,
    name_phrase,
    of,
    pick_noun,
)
from bench.data.corpora.synthetic_questions.words import Noun, names

OWNERS = (("ton", "your"), ("votre", "your"), ("mon", "my"), ("son", "his"))
HELD = ("thing", "clothes", "furniture", "vehicle", "instrument")
FOUND = ("thing", "animal", "clothes", "building", "document", "vehicle", "room", "person", "area")
LOCATIONS = ("room", "furniture", "area", "building")
FOUND_AT = {
    "furniture": ("thing", "food", "document"),
    "room": ("person", "furniture", "machine"),
    "area": ("person", "animal", "plant"),
}
DEFINITE: dict[Determiner, float] = {"the": 0.6, "this": 0.4}


def located(draw: Draw) -> Pair:
    """Où est ma clé; où se trouve la gare."""
    phrase, _ = pick_thing(draw, FOUND)
    verb, auxiliary = be(draw, phrase)
    english = ("where", auxiliary, *phrase.english)
    if verb in {"est", "sont"} and draw.chance(0.3):
        found = "se trouvent" if phrase.plural else "se trouve"
        return ("où", found, *phrase.french), english
    if draw.chance(0.2):
        return (*phrase.french, verb, "où"), english
    return ("où", verb, *phrase.french), english


def existing(draw: Draw) -> Pair:
    """Y a-t-il une banque dans ce quartier; combien de chaises y a-t-il dans la cuisine."""
    place_noun = pick_noun(draw, LOCATIONS[:3])
    determiner = draw.weighted(DEFINITE)
    place = build_phrase(draw, place_noun, determiner, adjective_chance=0.15)
    on = place_noun.kind == "furniture"
    there = ("sur" if on else "dans", *place.french), ("on" if on else "in", *place.english)
    kinds = FOUND_AT[place_noun.kind]
    noun = pick_noun(draw, kinds)
    if draw.chance(0.35) and noun.counted:
        asked = ("y", "a-t-il") if draw.chance(0.6) else ("est-ce qu'il", "y", "a")
        french = ("combien", "de", noun.french_plural, *asked, *there[0])
        return french, ("how", "many", noun.english_plural, "are", "there", *there[1])
    plural = draw.chance(0.35)
    determined: Determiner = "a" if noun.counted and not plural else "any"
    described = 0 if noun.kind == "person" else 0.2
    phrase = build_phrase(draw, noun, determined, plural=plural, adjective_chance=described)
    opening = draw.weighted({"y a-t-il": 0.6, "est-ce qu'il y a": 0.4})
    verb = "are" if phrase.plural else "is"
    return (opening, *phrase.french, *there[0]), (verb, "there", *phrase.english, *there[1])


def priced(draw: Draw) -> Pair:
    """Combien coûte cette robe; combien a coûté le train."""
    phrase, _ = pick_thing(draw, HELD)
    third = not phrase.plural
    if draw.chance(0.25):
        past = ("ont" if phrase.plural else "a", "coûté")
        return ("combien", *past, *phrase.french), ("how", "much", "did", *phrase.english, "cost")
    do = "does" if third else "do"
    verb = "coûte" if third else "coûtent"
    if draw.chance(0.3):
        return (*phrase.french, verb, "combien"), ("how", "much", do, *phrase.english, "cost")
    french = ("combien", verb, *phrase.french)
    return french, ("how", "much", do, *phrase.english, "cost")


def owned(draw: Draw) -> Pair:
    """À qui est ce sac; est-ce que cette valise est à toi."""
    noun = pick_noun(draw, HELD)
    phrase = build_phrase(draw, noun, "this", plural=draw.chance(0.25), adjective_chance=0.2)
    verb, auxiliary = ("sont", "are") if phrase.plural else ("est", "is")
    if draw.chance(0.5):
        word = "appartiennent" if phrase.plural else "appartient"
        if draw.chance(0.4):
            french = ("à", "qui", word, *phrase.french)
            do = "do" if phrase.plural else "does"
            return french, ("who", do, *phrase.english, "belong", "to")
        return ("à", "qui", verb, *phrase.french), ("whose", auxiliary, *phrase.english)
    person, whose = draw.word(
        (("toi", "yours"), ("vous", "yours"), ("lui", "his"), ("elle", "hers"))
    )
    if draw.chance(0.4):
        name = name_phrase(draw)
        person, whose = name.french[0], f"{name.english[0]}'s"
    return ask(draw, phrase, verb, ("à", person)), (auxiliary, *phrase.english, whose)


def coloured(draw: Draw) -> Pair:
    """De quelle couleur est ta voiture."""
    phrase, _ = pick_thing(draw, ("clothes", "vehicle", "furniture", "plant"), adjective_chance=0)
    verb, auxiliary = be(draw, phrase)
    return ("de", "quelle", "couleur", verb, *phrase.french), (
        "what", "colour", auxiliary, *phrase.english,
    )  # fmt: skip


def aged(draw: Draw) -> Pair:
    """Quel âge a ta sœur; ton fils a-t-il dix ans."""
    person = somebody(draw, draw.word(OWNERS[:3]))
    verb = "ont" if person.plural else "a"
    auxiliary = "are" if person.plural else "is"
    if draw.chance(0.6):
        return ("quel", "âge", verb, *person.french), ("how", "old", auxiliary, *person.english)
    number = draw.word(NUMBERS)
    french = ask(draw, person, verb, (*number[0], "ans"))
    return french, (auxiliary, *person.english, *number[1], "years", "old")


def defined(draw: Draw) -> Pair:
    """Quel est le nom de ton chien; quelle est la capitale de l'Italie; qui est cet homme."""
    kind = draw.weighted({"attribute": 0.5, "person": 0.3, "weather": 0.2})
    if kind == "person":
        noun = pick_noun(draw, ["person"])
        phrase = build_phrase(draw, noun, "this", plural=draw.chance(0.2), adjective_chance=0.3)
        verb, auxiliary = ("sont", "are") if phrase.plural else ("est", "is")
        return ("qui", verb, *phrase.french), ("who", auxiliary, *phrase.english)
    if kind == "weather":
        french, english = draw.word(names()["cities"])
        asked = ("quel", "temps", "fait-il", "à", french)
        return asked, ("what", "is", "the", "weather", "like", "in", english)
    owner = somebody(draw, draw.word(OWNERS[:3]))
    french, feminine, english = draw.word(ATTRIBUTES)
    while len(owner.french) == 1 and "nom" in french:  # what is Paul's name
        french, feminine, english = draw.word(ATTRIBUTES)
    thing = Phrase(("la" if feminine else "le", french), ("the", english))
    phrase = of(thing, owner)
    return ("quelle" if feminine else "quel", "est", *phrase.french), (
        "what",
        "is",
        *phrase.english,
    )


ATTRIBUTES = (
    ("nom", False, "name"),
    ("métier", False, "job"),
    ("adresse", True, "address"),
    ("numéro de téléphone", False, "phone number"),
    ("prénom", False, "first name"),
    ("nationalité", True, "nationality"),
    ("couleur préférée", True, "favourite colour"),
    ("plat préféré", False, "favourite dish"),
    ("taille", True, "height"),
    ("opinion", True, "opinion"),
    ("date de naissance", True, "date of birth"),
    ("passe-temps", False, "hobby"),
)


def pick_thing(
    draw: Draw, kinds: tuple[str, ...], *, adjective_chance: float = 0.08
) -> tuple[Phrase, Noun]:
    """Choose a definite thing of some kinds, and say whose it is if it can belong to somebody."""
    noun = pick_noun(draw, kinds)
    plural = draw.chance(0.25) and noun.counted
    owned_kind = noun.kind in {"thing", "clothes", "vehicle", "room", "animal", "furniture"}
    weights: dict[Determiner, float] = {"the": 0.45, "this": 0.2}
    if owned_kind:
        weights["own"] = 0.35
    determiner = draw.weighted(weights)
    owner = draw.word(OWNERS)
    phrase = build_phrase(
        draw, noun, determiner, plural=plural, owner=owner, adjective_chance=adjective_chance
    )
    if determiner == "the" and owned_kind and draw.chance(0.25):
        phrase = of(phrase, name_phrase(draw))
    return phrase, noun


def ask(draw: Draw, phrase: Phrase, verb: str, rest: tuple[str, ...]) -> tuple[str, ...]:
    """Ask a yes-or-no question about a noun in one of the three French ways."""
    style = draw.weighted({"inversion": 0.4, "est-ce que": 0.35, "intonation": 0.25})
    if style == "est-ce que":
        return ("est-ce que", *phrase.french, verb, *rest)
    if style == "intonation":
        return (*phrase.french, verb, *rest)
    pronoun = ("elle" if phrase.gender == "f" else "il") + ("s" if phrase.plural else "")
    joint = "-t-" if verb == "a" else "-"
    return (*phrase.french, f"{verb}{joint}{pronoun}", *rest)


def be(draw: Draw, phrase: Phrase) -> tuple[str, str]:
    """Choose a present or past form of être, with its English auxiliary."""
    person = phrase.person
    if draw.chance(0.2):
        return conjugate("être", "imperfect", person), "were" if phrase.plural else "was"
    return conjugate("être", "present", person), "are" if phrase.plural else "is"
