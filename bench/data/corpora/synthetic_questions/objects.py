"""Objects at random: what is done to what, in full or as a pronoun, and to whom."""

from typing import NamedTuple

from bench.data.corpora.synthetic_questions.adjuncts import somebody, when
from bench.data.corpora.synthetic_questions.clauses import (
    Clause,
    Clitic,
    Pair,
    english_statement,
    french_clause,
)
from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.french import contract, starts_with_vowel
from bench.data.corpora.synthetic_questions.modals import Tense
from bench.data.corpora.synthetic_questions.phrases import (
    PRONOUNS,
    Determiner,
    Phrase,
    build_phrase,
    kin_phrase,
    name_phrase,
    of,
)
from bench.data.corpora.synthetic_questions.words import Noun, nouns, verbs

DETERMINERS: dict[str, dict[Determiner, float]] = {
    "food": {"some": 0.3, "a": 0.3, "the": 0.2, "number": 0.1, "few": 0.05, "this": 0.05},
    "foodmass": {"some": 0.6, "the": 0.25, "few": 0.08, "this": 0.07},
    "drink": {"some": 0.6, "the": 0.25, "few": 0.08, "this": 0.07},
    "person": {"the": 0.55, "a": 0.2, "this": 0.15, "number": 0.1},
    "clothes": {"own": 0.4, "the": 0.2, "a": 0.2, "this": 0.17, "other": 0.03},
    "thing": {"own": 0.35, "the": 0.25, "a": 0.2, "this": 0.1, "number": 0.07, "other": 0.03},
    "vehicle": {"own": 0.3, "the": 0.3, "a": 0.25, "this": 0.12, "other": 0.03},
    "animal": {"the": 0.35, "a": 0.25, "own": 0.15, "this": 0.1, "some": 0.1, "number": 0.05},
}
OTHER_DETERMINERS: dict[Determiner, float] = {"the": 0.5, "a": 0.25, "this": 0.22, "other": 0.03}
OWNED = {"thing", "clothes", "vehicle", "document", "animal", "furniture", "instrument"}
NAMED = {"sport", "subject"}  # le tennis, l'histoire: English has no article for them
PERSONAL = {"person", "kin_free", "person_dep", "person_job", "crook_like", "expert_like"}
PERSON_CLITICS = {
    "me": "me", "te": "you", "le": "him", "la": "her", "nous": "us", "vous": "you", "les": "them",
}  # fmt: skip
THING_CLITICS = {"le": "it", "la": "it", "les": "them"}
DATIVE_CLITICS = {
    "me": "me",
    "te": "you",
    "lui": "him",
    "nous": "us",
    "vous": "you",
    "leur": "them",
}
PERSON_OF = {"me": 0, "te": 1, "nous": 3, "vous": 4}
YOU = 4  # the person of vous, which nobody mixes with tu
OWNERS = (("ton", "your"), ("votre", "your"), ("mon", "my"))
WITHOUT_TIME: dict[Tense, Tense] = {"since": "past", "used": "past", "habit": "present"}
TELLING = {  # what one knows a thing by: the book that Marie bought
    "acheter", "apporter", "prendre", "vendre", "trouver", "perdre", "offrir", "recevoir",
    "voir", "rencontrer", "lire", "écrire", "préparer", "inviter", "choisir", "casser", "réparer",
    "oublier", "visiter", "donner", "voler", "cacher", "dessiner", "publier",
}  # fmt: skip
TRANSITIVE = tuple(verb for verb in verbs() if verb.objects)
UNAMBIGUOUS = tuple(  # their English does not depend on the object: remplir is fill, or fill in
    verb for verb in TRANSITIVE if sum(verb[:4] == other[:4] for other in TRANSITIVE) == 1
)


class Object(NamedTuple):
    """A noun phrase as an object, and the noun in it."""

    phrase: Phrase
    noun: Noun | None


def add_object(draw: Draw, clause: Clause, *, asked: bool = False, clitics: bool = True) -> Clause:
    """Give a clause what its verb demands: an object, or a pronoun for one if allowed."""
    verb = clause.verb
    if not verb.objects:
        return clause
    if clitics and verb in UNAMBIGUOUS and draw.chance(0.16):
        clitic = pick_clitic(draw, clause)
        if clitic is not None:
            return clause._replace(clitic=clitic)
    found = pick_object(draw, clause, asked=asked)
    clause = clause._replace(object=found.phrase)
    definite = found.phrase.english[0] == "the" and found.noun is not None
    if definite and draw.chance(0.3) and clause.negation in {"", "pas"}:
        related = _with_relative(draw, clause, found)
        if related is not None:
            # No time can follow, so the tense must do without one.
            tense = WITHOUT_TIME.get(clause.tense, clause.tense)
            return clause._replace(object=related, tense=tense)
    return add_recipient(draw, clause)


def pick_object(draw: Draw, clause: Clause, *, asked: bool) -> Object:
    """Choose an object for a clause; `asked` yes-or-no questions say "any" for "some"."""
    verb, subject, negated = clause.verb, clause.subject, bool(clause.negation)
    kind = draw.weighted({kind: len(nouns()[kind]) ** 0.5 for kind in verb.objects})
    if kind in PERSONAL and draw.chance(0.55):
        return Object(somebody(draw, owner_of(draw, subject), besides=subject), None)
    noun = draw.word(nouns()[kind])
    owner = owner_of(draw, subject)
    if noun.kind in NAMED:
        return Object(_general(draw, noun, plural=False), None)
    lasting = clause.tense in {"present", "habit", "used", "conditional", "since"}
    lasting = lasting and noun.kind not in {"clothes", "person"}
    if "general" in verb.traits and lasting and draw.chance(0.7):
        return Object(_general(draw, noun, plural=noun.counted), None)
    if kind in {"kin_free"} or noun.kind == "kin":
        return Object(kin_phrase(draw, owner), noun)
    usual = OTHER_DETERMINERS if kind == "transport" else DETERMINERS.get(noun.kind)
    determiner = draw.weighted(usual or OTHER_DETERMINERS)
    vague = determiner in {"some", "few", "a", "other", "number"}
    if vague and verb.preposition:
        determiner = "the"
    if "general" in verb.traits and (vague or determiner == "the"):
        determiner = "this"  # aimer la bière would be beer as a whole
    if determiner == "own" and "dative_from" in verb.traits:
        determiner = "the"
    plural = True if determiner in {"number", "few"} else draw.chance(0.25)
    if determiner == "some" or (determiner == "a" and plural):
        plural = True
        determiner = "any" if asked and clause.modal is None else "some"
    if negated and determiner in {"a", "some", "any"}:
        determiner = "none"
    if negated and determiner == "other":
        determiner = "the"
    phrase = build_phrase(draw, noun, determiner, plural=plural, owner=owner)
    if determiner == "the" and noun.kind in OWNED and draw.chance(0.25):
        return Object(of(phrase, _plain_somebody(draw, owner)), noun)
    return Object(phrase, noun)


def pick_clitic(draw: Draw, clause: Clause) -> Clitic | None:
    """Choose a pronoun object, if the verb can have one here."""
    verb, subject = clause.verb, clause.subject
    personal = bool(PERSONAL & set(verb.objects))
    if verb.preposition == "de" or verb.reflexive:
        return None if personal or verb.reflexive else Clitic(("en",), ("it",))
    if verb.preposition == "à":
        if not personal:
            return Clitic(("y",), ("it",))
        if verb.french == "penser" or verb.reflexive:
            return None
        french = draw.even(tuple(DATIVE_CLITICS))
        if PERSON_OF.get(french) == subject.person:
            return None
        return Clitic((french,), (DATIVE_CLITICS[french],))
    known = PERSON_CLITICS if personal else THING_CLITICS
    french = draw.even(tuple(known))
    if PERSON_OF.get(french) == subject.person or _one_group(french, subject):
        return None
    past = clause.tense in {"past", "already"} and clause.modal is None
    if french == "la" and not past and starts_with_vowel(verb.french):
        return None  # l' would not show who is meant
    plural = french in {"les", "nous", "vous"}
    return Clitic((french,), (known[french],), "f" if french == "la" else "m", plural)


def add_recipient(draw: Draw, clause: Clause) -> Clause:
    """Say to whom, or from whom, where the verb takes it."""
    traits = clause.verb.traits & {"dative_to", "dative_from"}
    if not traits or draw.chance(0.45):
        return clause
    preposition = "to" if "dative_to" in traits else "from"
    if draw.chance(0.5):
        person = somebody(draw, owner_of(draw, clause.subject), besides=clause.subject)
        there = (tuple(contract("à", person.french)), (preposition, *person.english))
        return clause._replace(rest=(*clause.rest, there))
    french = draw.even(tuple(DATIVE_CLITICS))
    if PERSON_OF.get(french) == clause.subject.person or _one_group(french, clause.subject):
        return clause
    english = DATIVE_CLITICS[french]
    if preposition == "from" or clause.verb.french == "expliquer":
        behind: Pair = ((), (preposition, english))
        return clause._replace(clitic=Clitic((french,), ()), rest=(*clause.rest, behind))
    return clause._replace(clitic=Clitic((french,), (english,)))


def _with_relative(draw: Draw, main: Clause, found: Object) -> Phrase | None:
    """Add a relative clause to a definite object: le livre que Marie a acheté."""
    phrase, noun = found
    fitting = [
        verb
        for verb in TRANSITIVE
        if noun is not None and noun.kind in verb.objects and verb.name in TELLING
        and verb != main.verb
    ]  # fmt: skip
    if not fitting:
        return None
    pronouns = ("il", "elle") if main.subject.person == YOU else ("tu", "elle", "il")
    subject = name_phrase(draw) if draw.chance(0.6) else PRONOUNS[draw.even(pronouns)]
    clause = Clause(subject, draw.word(fitting), "past", gap=phrase)
    if draw.chance(0.3):
        clause = clause._replace(rest=(when(draw, "past"),))
    return phrase._replace(
        french=(*phrase.french, "que", *french_clause(clause)),
        english=(*phrase.english, "that", *english_statement(clause)),
    )


def _general(draw: Draw, noun: Noun, *, plural: bool) -> Phrase:
    phrase = build_phrase(draw, noun, "the", plural=plural, adjective_chance=0)
    return phrase._replace(english=phrase.english[1:])


def owner_of(draw: Draw, subject: Phrase) -> tuple[str, str]:
    """Choose whose things a clause speaks of: mostly its subject's."""
    if draw.chance(0.75) or not subject.pronoun:
        return subject.own
    unmixed = [owner for owner in OWNERS if {owner[0], subject.own[0]} != {"ton", "votre"}]
    return draw.word(unmixed)


def _plain_somebody(draw: Draw, owner: tuple[str, str]) -> Phrase:
    return name_phrase(draw) if draw.chance(0.6) else kin_phrase(draw, owner, plural_chance=0)


def _one_group(french: str, subject: Phrase) -> bool:
    """Tell whether subject and object would overlap: I and we, you and you."""
    group = {"me": {0, 3}, "nous": {0, 3}, "te": {1, 4}, "vous": {1, 4}}
    return subject.person in group.get(french, set())
