"""Clauses at random: who does what to what, when and where."""

from typing import NamedTuple

from bench.data.corpora.synthetic_questions.adjuncts import (
    FREQUENCY,
    MANNER,
    somebody,
    when,
    where,
    with_whom,
)
from bench.data.corpora.synthetic_questions.clauses import (
    Clause,
    Clitic,
    Pair,
    Tense,
    english_statement,
    french_clause,
)
from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.french import contract, starts_with_vowel
from bench.data.corpora.synthetic_questions.modals import MODALS, Modal
from bench.data.corpora.synthetic_questions.phrases import (
    PRONOUNS,
    Determiner,
    Phrase,
    both,
    build_phrase,
    kin_phrase,
    name_phrase,
    of,
    pick_noun,
)
from bench.data.corpora.synthetic_questions.words import Noun, Verb, nouns, verbs

SUBJECTS = {
    "tu": 0.25, "vous": 0.17, "il": 0.07, "elle": 0.07, "nous": 0.05, "ils": 0.04, "elles": 0.03,
    "je": 0.02, "name": 0.13, "kin": 0.07, "role": 0.07, "pair": 0.03,
}  # fmt: skip
OWNERS = (("ton", "your"), ("votre", "your"), ("mon", "my"))
TENSES: dict[Tense, float] = {
    "present": 0.24, "habit": 0.1, "past": 0.27, "already": 0.05, "background": 0.03, "used": 0.05,
    "future": 0.09, "near": 0.09, "conditional": 0.03, "since": 0.03,
}  # fmt: skip
DETERMINERS: dict[str, dict[Determiner, float]] = {
    "food": {"some": 0.3, "a": 0.3, "the": 0.2, "number": 0.1, "few": 0.05, "this": 0.05},
    "foodmass": {"some": 0.6, "the": 0.25, "few": 0.08, "this": 0.07},
    "drink": {"some": 0.6, "the": 0.25, "few": 0.08, "this": 0.07},
    "person": {"the": 0.55, "a": 0.2, "this": 0.15, "number": 0.1},
    "clothes": {"own": 0.4, "the": 0.2, "a": 0.2, "this": 0.15, "other": 0.05},
    "thing": {"own": 0.35, "the": 0.25, "a": 0.2, "this": 0.1, "number": 0.05, "other": 0.05},
    "vehicle": {"own": 0.3, "the": 0.3, "a": 0.25, "this": 0.1, "other": 0.05},
    "animal": {"the": 0.35, "a": 0.25, "own": 0.15, "this": 0.1, "some": 0.1, "number": 0.05},
}
OTHER_DETERMINERS: dict[Determiner, float] = {"the": 0.5, "a": 0.25, "this": 0.2, "other": 0.05}
OWNED = {"thing", "clothes", "vehicle", "document", "animal", "furniture", "instrument"}
NAMED = {"sport", "subject"}  # le tennis, l'histoire: English has no article for them
PERSONAL = {"person", "kin_free", "person_dep", "person_job", "crook_like", "expert_like"}
PERSON_CLITICS = {
    "me": "me", "te": "you", "le": "him", "la": "her", "nous": "us", "vous": "you", "les": "them",
}  # fmt: skip
THING_CLITICS = {"le": "it", "la": "it", "les": "them"}
DATIVE_CLITICS = {"me": "me", "te": "you", "lui": "him", "nous": "us", "vous": "you", "leur": "them"}
PERSON_OF = {"me": 0, "te": 1, "nous": 3, "vous": 4}
TRANSITIVE = tuple(verb for verb in verbs() if verb.objects)
UNAMBIGUOUS = tuple(  # their English does not depend on the object: remplir is fill, or fill in
    verb
    for verb in TRANSITIVE
    if sum(verb[:4] == other[:4] for other in TRANSITIVE) == 1
)
INTRANSITIVE = tuple(verb for verb in verbs() if not verb.objects)


class Object(NamedTuple):
    """A noun phrase as an object, and the noun in it."""

    phrase: Phrase
    noun: Noun | None


def pick_subject(draw: Draw) -> Phrase:
    """Choose who the clause is about."""
    kind = draw.weighted(SUBJECTS)
    if kind == "name":
        return name_phrase(draw)
    if kind == "pair":
        return both(name_phrase(draw), name_phrase(draw))
    if kind == "kin":
        return kin_phrase(draw, draw.word(OWNERS))
    if kind == "role":
        noun = pick_noun(draw, ["person"])
        plural = draw.chance(0.25)
        phrase = build_phrase(draw, noun, "the", plural=plural, adjective_chance=0.12)
        return _who_does(draw, phrase) if draw.chance(0.12) else phrase
    pronoun = PRONOUNS[kind]
    # tu and vous may be a woman; a participle shows it in French, nothing does in English.
    return pronoun._replace(gender="f") if kind in {"tu", "vous"} and draw.chance(0.4) else pronoun


def pick_verb(draw: Draw, *, transitive: bool | None = None) -> Verb:
    """Choose a verb, with an object or without."""
    if transitive is None:
        transitive = draw.chance(0.72)
    return draw.word(TRANSITIVE if transitive else INTRANSITIVE)


def pick_tense(draw: Draw, verb: Verb) -> tuple[Tense, Modal | None]:
    """Choose a tense, and perhaps a verb like pouvoir in between."""
    if "past" in verb.traits:
        return "past", None
    if "now" in verb.traits:
        return draw.weighted({"present": 0.85, "future": 0.15}), None
    if draw.chance(0.2) and not verb.traits & {"state", "sudden"}:
        modal = draw.word(MODALS)
        tense: Tense = draw.word(modal.tenses)  # type: ignore[assignment]
        return tense, modal
    tense = draw.weighted(TENSES)
    if "sudden" in verb.traits and tense == "present":
        tense = "past"
    if "state" in verb.traits and tense in {"background", "already", "near"}:
        tense = "past"
    if "event" in verb.traits and tense in {"since", "used", "background"}:
        tense = "past"
    if "move" in verb.traits and tense == "already":
        tense = "past"
    return tense, None


def pick_object(draw: Draw, verb: Verb, subject: Phrase, *, asked: bool, negated: bool) -> Object:
    """Choose an object for a verb; `asked` yes-or-no questions say "any" for "some"."""
    kind = draw.weighted({kind: len(nouns()[kind]) ** 0.5 for kind in verb.objects})
    if kind in PERSONAL and draw.chance(0.55):
        return Object(somebody(draw, _owner(draw, subject)), None)
    noun = draw.word(nouns()[kind])
    owner = _owner(draw, subject)
    if noun.kind in NAMED:
        return Object(_general(draw, noun, plural=False), noun)
    if "general" in verb.traits and noun.kind not in {"clothes", "person"} and draw.chance(0.6):
        return Object(_general(draw, noun, plural=noun.counted), noun)
    if kind in {"kin_free"} or noun.kind == "kin":
        return Object(kin_phrase(draw, owner), noun)
    determiner = draw.weighted(DETERMINERS.get(noun.kind, OTHER_DETERMINERS))
    vague = determiner in {"some", "few", "a", "other", "number"}
    if vague and verb.preposition:
        determiner = "the"
    if "general" in verb.traits and (vague or determiner == "the"):
        determiner = "this"  # aimer la bière would be beer as a whole
    plural = draw.chance(0.25) if determiner != "number" else True
    if determiner == "some" or (determiner == "a" and plural):
        plural = True
        determiner = "any" if asked else "some"
    if negated and determiner in {"a", "some", "any"}:
        determiner = "none"
    phrase = build_phrase(draw, noun, determiner, plural=plural, owner=owner)
    if determiner == "the" and noun.kind in OWNED and draw.chance(0.25):
        return Object(of(phrase, _plain_somebody(draw, owner)), noun)
    return Object(phrase, noun)


def build_clause(draw: Draw, subject: Phrase, *, asked: bool = False, room: int = 2) -> Clause:
    """Choose all of a clause but its subject.

    Args:
        draw: chance.
        subject: who it is about.
        asked: whether it will be a yes-or-no question.
        room: how much may be added: 0 only what the verb demands, 2 times and places too.
    """
    verb = pick_verb(draw)
    tense, modal = pick_tense(draw, verb)
    clause = Clause(subject, verb, tense, modal)
    if draw.chance(0.12) and tense not in {"already", "used", "background"}:
        clause = clause._replace(negation=draw.weighted({"pas": 0.7, "plus": 0.15, "jamais": 0.15}))
        if clause.negation in {"plus", "jamais"} and (modal or tense not in {"present", "habit"}):
            clause = clause._replace(negation="pas")
        elif clause.negation == "jamais":
            clause = clause._replace(tense="habit")
    if tense == "already":
        clause = clause._replace(adverb=(("déjà",), ("already",)))
        if draw.chance(0.3):
            clause = clause._replace(adverb=((), ()), negation="encore")
    clause = add_object(draw, clause, asked=asked)
    return add_circumstances(draw, clause, room=room)


def add_object(draw: Draw, clause: Clause, *, asked: bool = False) -> Clause:
    """Give a clause what its verb demands: an object, or a pronoun for one."""
    verb, subject = clause.verb, clause.subject
    if not verb.objects:
        return clause
    if verb in UNAMBIGUOUS and draw.chance(0.16):
        clitic = pick_clitic(draw, clause)
        if clitic is not None:
            return clause._replace(clitic=clitic)
    negated = bool(clause.negation)
    found = pick_object(draw, verb, subject, asked=asked, negated=negated)
    clause = clause._replace(object=found.phrase)
    if found.noun is not None and draw.chance(0.1):
        clause = clause._replace(object=_with_relative(draw, found.phrase, found.noun))
    return add_recipient(draw, clause)


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
        person = somebody(draw, _owner(draw, clause.subject))
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


def add_circumstances(draw: Draw, clause: Clause, *, room: int) -> Clause:
    """Add adverbs, company, place and time, as the verb and the tense allow."""
    verb, traits = clause.verb, clause.verb.traits
    owner = _owner(draw, clause.subject)
    rest = list(clause.rest)
    if clause.tense == "habit" and not clause.negation and draw.chance(0.5):
        clause = clause._replace(adverb=draw.word(FREQUENCY))
    elif not clause.adverb[1] and not clause.negation and draw.chance(0.04):
        if clause.tense in {"past", "future"} and not clause.modal:
            clause = clause._replace(adverb=draw.even(MANNER[3:]))
    placed = bool(traits & {"place", "room", "area", "water", "country"})
    going = traits & {"move", "move_in", "always"}
    if going or (placed and draw.chance(0.55 if room else 0.3)):
        rest.append(where(draw, verb, owner=owner))
    if room and "company" in traits and draw.chance(0.2):
        rest.append(with_whom(draw, owner))
    unmarked = clause.tense == "habit" and not clause.adverb[0] and clause.negation != "jamais"
    timed = unmarked or clause.tense in {"since", "used"}
    marked = clause.tense == "habit" and not unmarked
    if marked:
        return clause._replace(rest=tuple(rest))
    if timed or (room > 1 and draw.chance(0.25)):
        allowed = clause.tense not in {"already", "conditional"} and not (
            clause.modal and clause.tense not in {"past", "future", "near"}
        )
        if allowed and not (clause.tense == "present" and "state" in traits):
            rest.append(when(draw, clause.tense))
    return clause._replace(rest=tuple(rest))


def _who_does(draw: Draw, phrase: Phrase) -> Phrase:
    """Add a relative clause to a subject: le médecin qui habite à Lyon."""
    clause = build_clause(draw, phrase._replace(french=("qui",), english=("who",)), room=1)
    while clause.verb.preposition or clause.negation:
        clause = build_clause(draw, clause.subject, room=1)
    return phrase._replace(
        french=(*phrase.french, *french_clause(clause)),
        english=(*phrase.english, *english_statement(clause)),
    )


def _general(draw: Draw, noun: Noun, *, plural: bool) -> Phrase:
    phrase = build_phrase(draw, noun, "the", plural=plural, adjective_chance=0)
    return phrase._replace(english=phrase.english[1:])


def _owner(draw: Draw, subject: Phrase) -> tuple[str, str]:
    return subject.own if draw.chance(0.75) or not subject.pronoun else draw.word(OWNERS)


def _plain_somebody(draw: Draw, owner: tuple[str, str]) -> Phrase:
    return name_phrase(draw) if draw.chance(0.6) else kin_phrase(draw, owner, plural_chance=0)


def _one_group(french: str, subject: Phrase) -> bool:
    """Tell whether subject and object would overlap: I and we, you and you."""
    group = {"me": {0, 3}, "nous": {0, 3}, "te": {1, 4}, "vous": {1, 4}}
    return subject.person in group.get(french, set())


def _with_relative(draw: Draw, phrase: Phrase, noun: Noun) -> Phrase:
    """Add a relative clause: le livre que Marie a acheté."""
    fitting = [
        verb
        for verb in TRANSITIVE
        if noun.kind in verb.objects and not verb.preposition and not verb.reflexive
        and "state" not in verb.traits
    ]  # fmt: skip
    if not fitting or phrase.english[0] in {"any", "my", "your", "his", "her", "our", "their"}:
        return phrase
    subject = name_phrase(draw) if draw.chance(0.6) else PRONOUNS[draw.even(("tu", "elle", "il"))]
    clause = Clause(subject, draw.word(fitting), "past", gap=phrase)
    if draw.chance(0.4):
        clause = clause._replace(rest=(when(draw, "past"),))
    return phrase._replace(
        french=(*phrase.french, "que", *french_clause(clause)),
        english=(*phrase.english, "that", *english_statement(clause)),
    )
