"""Questions with être and avoir: what something is like, where it is, what it costs, whose it is."""

from bench.data.corpora.synthetic_questions.adjuncts import NUMBERS, somebody
from bench.data.corpora.synthetic_questions.clauses import Pair
from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.french import adjective_plural, conjugate, contract
from bench.data.corpora.synthetic_questions.phrases import (
    ADJECTIVE_KIND,
    SIZES,
    Phrase,
    build_phrase,
    name_phrase,
    of,
    pick_noun,
)
from bench.data.corpora.synthetic_questions.words import Adjective, Noun, adjectives, names

OWNERS = (("ton", "your"), ("votre", "your"), ("mon", "my"), ("son", "his"))
DESCRIBED = ("thing", "person", "animal", "document", "clothes", "building", "room", "topic", "event")
HELD = ("thing", "clothes", "furniture", "vehicle", "instrument")
FOUND = ("thing", "animal", "clothes", "building", "document", "vehicle", "room", "person", "area")
LOCATIONS = ("room", "furniture", "area", "building")
NOT_PREDICATIVE = {"former", "great", "little", "municipal", "new", "American", "blond", "next"}
INTENSITIES = ((("très",), ("very",)), (("trop",), ("too",)), (("assez",), ("quite",)))


def described(draw: Draw) -> Pair:
    """Est-ce que ta chambre est propre; les pommes sont-elles mûres."""
    phrase, noun = _thing(draw, DESCRIBED, adjective_chance=0)
    adjective = _predicative(draw, noun)
    french = [_agreeing(adjective, phrase)]
    english = [adjective.english]
    if draw.chance(0.25):
        intensity = draw.word(INTENSITIES)
        french, english = [*intensity[0], *french], [*intensity[1], *english]
    verb, auxiliary = _be(draw, phrase)
    return _ask(draw, phrase, verb, tuple(french)), (auxiliary, *phrase.english, *english)


def compared(draw: Draw) -> Pair:
    """Ta maison est-elle plus grande que celle de Paul; Marie est-elle plus jeune que toi."""
    first = somebody(draw, draw.word(OWNERS[:3]))
    while first.plural or "de" in first.french:
        first = name_phrase(draw)
    second = name_phrase(draw)
    able = [adjective for adjective in adjectives()["person"] if _predicates(adjective)]
    adjective = draw.word(able)
    degree = draw.weighted({"plus": 0.6, "moins": 0.15, "aussi": 0.25})
    french = (degree, _agreeing(adjective, first), "que", *second.french)
    english = _compare(adjective, degree)
    return (
        _ask(draw, first, "est", french),
        ("is", *first.english, *english, *second.english),
    )


def superlative(draw: Draw) -> Pair:
    """Quelle est la plus grande ville de France; quel est le livre le plus intéressant."""
    noun = pick_noun(draw, ("building", "area", "document", "animal", "room"))
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


def located(draw: Draw) -> Pair:
    """Où est ma clé; où se trouve la gare."""
    phrase, _ = _thing(draw, FOUND)
    verb, auxiliary = _be(draw, phrase)
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
    determiner = draw.weighted({"the": 0.6, "this": 0.4})
    place = build_phrase(draw, place_noun, determiner, adjective_chance=0.15)
    on = place_noun.kind == "furniture"
    there = ("sur" if on else "dans", *place.french), ("on" if on else "in", *place.english)
    kinds = ("thing", "food", "document") if on else ("person", "animal", "furniture", "plant")
    noun = pick_noun(draw, kinds)
    if draw.chance(0.35) and noun.counted:
        opening = ("y", "a-t-il") if draw.chance(0.6) else ("est-ce qu'il", "y", "a")
        french = ("combien", "de", noun.french_plural, *opening, *there[0])
        return french, ("how", "many", noun.english_plural, "are", "there", *there[1])
    plural = draw.chance(0.35)
    phrase = build_phrase(draw, noun, "any" if plural else "a", plural=plural)
    opening = draw.weighted({"y a-t-il": 0.6, "est-ce qu'il y a": 0.4})
    verb = "are" if phrase.plural else "is"
    return (opening, *phrase.french, *there[0]), (verb, "there", *phrase.english, *there[1])


def priced(draw: Draw) -> Pair:
    """Combien coûte cette robe; combien a coûté le train."""
    phrase, _ = _thing(draw, HELD)
    third = not phrase.plural
    if draw.chance(0.25):
        verb = ("ont" if phrase.plural else "a", "coûté")
        return ("combien", *verb, *phrase.french), ("how", "much", "did", *phrase.english, "cost")
    do = "does" if third else "do"
    verb = ("coûte" if third else "coûtent",)
    if draw.chance(0.3):
        french = (*phrase.french, *verb, "combien")
    else:
        french = ("combien", *verb, *phrase.french)
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
    person, whose = draw.word((("toi", "yours"), ("vous", "yours"), ("lui", "his"), ("elle", "hers")))
    if draw.chance(0.4):
        name = name_phrase(draw)
        person, whose = name.french[0], f"{name.english[0]}'s"
    return _ask(draw, phrase, verb, ("à", person)), (auxiliary, *phrase.english, whose)


def coloured(draw: Draw) -> Pair:
    """De quelle couleur est ta voiture."""
    phrase, _ = _thing(draw, ("clothes", "vehicle", "furniture", "plant"))
    verb, auxiliary = _be(draw, phrase)
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
    french = _ask(draw, person, verb, (*number[0], "ans"))
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
    thing = Phrase(("la" if feminine else "le", french), ("the", english))
    phrase = of(thing, owner)
    return ("quelle" if feminine else "quel", "est", *phrase.french), ("what", "is", *phrase.english)


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


def _thing(
    draw: Draw, kinds: tuple[str, ...], *, adjective_chance: float = 0.08
) -> tuple[Phrase, Noun]:
    noun = pick_noun(draw, kinds)
    plural = draw.chance(0.25) and noun.counted
    owned_kind = noun.kind in {"thing", "clothes", "vehicle", "room", "animal", "furniture"}
    determiner = draw.weighted({"the": 0.45, "own": 0.35 if owned_kind else 0.0, "this": 0.2})
    owner = draw.word(OWNERS)
    phrase = build_phrase(
        draw, noun, determiner, plural=plural, owner=owner, adjective_chance=adjective_chance
    )
    if determiner == "the" and owned_kind and draw.chance(0.25):
        phrase = of(phrase, name_phrase(draw))
    return phrase, noun


def _ask(draw: Draw, phrase: Phrase, verb: str, rest: tuple[str, ...]) -> tuple[str, ...]:
    """Ask a yes-or-no question about a noun in one of the three French ways."""
    style = draw.weighted({"inversion": 0.4, "est-ce que": 0.35, "intonation": 0.25})
    if style == "est-ce que":
        return ("est-ce que", *phrase.french, verb, *rest)
    if style == "intonation":
        return (*phrase.french, verb, *rest)
    pronoun = ("elle" if phrase.gender == "f" else "il") + ("s" if phrase.plural else "")
    joint = "-t-" if verb == "a" else "-"
    return (*phrase.french, f"{verb}{joint}{pronoun}", *rest)


def _be(draw: Draw, phrase: Phrase) -> tuple[str, str]:
    person = phrase.person
    if draw.chance(0.2):
        return conjugate("être", "imperfect", person), "were" if phrase.plural else "was"
    return conjugate("être", "present", person), "are" if phrase.plural else "is"


def _predicates(adjective: Adjective) -> bool:
    return adjective.english not in NOT_PREDICATIVE


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


