"""Clauses at random: who does what to what, when and where."""

from bench.data.corpora.synthetic_questions.adjuncts import (
    FREQUENCY,
    MANNER,
    when,
    where,
    with_whom,
)
from bench.data.corpora.synthetic_questions.clauses import (
    Clause,
    english_statement,
    french_clause,
)
from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.modals import MODALS, Modal, Tense
from bench.data.corpora.synthetic_questions.objects import (
    OWNERS,
    TRANSITIVE,
    add_object,
    owner_of,
)
from bench.data.corpora.synthetic_questions.phrases import (
    PRONOUNS,
    Phrase,
    both,
    build_phrase,
    kin_phrase,
    name_phrase,
    pick_noun,
)
from bench.data.corpora.synthetic_questions.words import Verb, verbs

SUBJECTS = {
    "tu": 0.25, "vous": 0.17, "il": 0.07, "elle": 0.07, "nous": 0.05, "ils": 0.04, "elles": 0.03,
    "je": 0.012, "name": 0.13, "kin": 0.07, "role": 0.07, "pair": 0.03,
}  # fmt: skip
TENSES: dict[Tense, float] = {
    "present": 0.24, "habit": 0.1, "past": 0.27, "already": 0.05, "background": 0.03, "used": 0.05,
    "future": 0.09, "near": 0.09, "conditional": 0.03, "since": 0.03,
}  # fmt: skip
SKILLS = {  # what one knows how to do, or not
    "nager", "danser", "conduire", "cuisiner", "jouer", "coudre", "patiner", "pêcher", "réparer",
    "dessiner", "lire", "écrire", "jardiner", "peindre", "construire", "repasser", "chanter",
}  # fmt: skip
TIMELESS = {  # nobody asks whether one will do it
    "avoir", "connaître", "aimer", "préférer", "détester", "adorer", "ressembler", "admirer",
    "respecter", "croire", "vouloir",
}  # fmt: skip
MOMENTARY = {"voir", "comprendre", "vouloir"}  # nobody asks since when
PLAIN_MODALS = {"pouvoir", "vouloir", "devoir"}
UNINTENDED = {"arriver", "rentrer", "crier", "rire", "pleurer", "attendre", "mentir"}
SITUATED = {"place", "company", "room", "area", "water", "country", "time", "move", "move_in"}
INTRANSITIVE = tuple(verb for verb in verbs() if not verb.objects)


def pick_subject(draw: Draw) -> Phrase:
    """Choose who the clause is about."""
    kind = draw.weighted(SUBJECTS)
    if kind == "name":
        return name_phrase(draw)
    if kind == "pair":
        first = second = name_phrase(draw)
        while first == second:
            second = name_phrase(draw)
        return both(first, second)
    if kind == "kin":
        return kin_phrase(draw, draw.word(OWNERS))
    if kind == "role":
        noun = pick_noun(draw, ["person"])
        plural = draw.chance(0.25)
        phrase = build_phrase(draw, noun, "the", plural=plural, adjective_chance=0.12)
        return _who_does(draw, phrase) if draw.chance(0.04) else phrase
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
        return "present", None
    if draw.chance(0.2) and not verb.traits & {"state", "sudden"}:
        modal = draw.word(MODALS)
        while (modal.french in {"savoir", "apprendre"} and verb.name not in SKILLS) or (
            modal.french not in PLAIN_MODALS and verb.name in UNINTENDED
        ):
            modal = draw.word(MODALS)
        tense: Tense = draw.word(modal.tenses)
        return tense, modal
    return _suitable(verb, draw.weighted(TENSES)), None


def _suitable(verb: Verb, tense: Tense) -> Tense:
    """Keep a tense that suits the verb, or take the nearest that does."""
    traits = verb.traits
    past_instead = (
        ("sudden" in traits and tense == "present")
        or ("once" in traits and tense not in {"future", "near"})
        or ("state" in traits and tense in {"background", "already", "near"})
        or (traits & {"move", "move_in", "event"} and tense in {"since", "used", "background"})
        or ("move" in traits and tense == "already")
    )
    if past_instead:
        tense = "past"
    if verb.name in MOMENTARY and tense in {"since", "used"}:
        return "past"
    if verb.name in TIMELESS and tense in {"future", "conditional"}:
        return "present"
    if verb.name == "connaître" and tense == "past":
        return "present"  # its past means that one met somebody
    return tense


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
        elif clause.negation in {"plus", "jamais"}:
            clause = clause._replace(tense="habit")
        elif tense == "since":
            clause = clause._replace(negation="")
    if tense == "already":
        clause = clause._replace(adverb=(("déjà",), ("already",)))
        if draw.chance(0.3):
            clause = clause._replace(adverb=((), ()), negation="encore")
    clause = add_object(draw, clause, asked=asked)
    return add_circumstances(draw, clause, room=room)


def dated_clause(draw: Draw, subject: Phrase) -> Clause:
    """Choose a clause about one moment, without saying when."""
    clause = build_clause(draw, subject, room=0)
    while clause.tense not in {"past", "future", "near"} or clause.modal or clause.negation:
        clause = build_clause(draw, subject, room=0)
    return clause


def add_circumstances(draw: Draw, clause: Clause, *, room: int) -> Clause:
    """Add adverbs, company, place and time, as the verb and the tense allow."""
    verb, traits = clause.verb, clause.verb.traits
    owner = owner_of(draw, clause.subject)
    rest = list(clause.rest)
    if clause.object is not None and {"que", "qui"} & set(clause.object.french):
        return clause  # whatever came behind a relative clause would seem to belong to it
    lasting = "state" in traits
    anywhere = not verb.objects and not traits & SITUATED
    often = lasting or anywhere or draw.chance(0.5)  # rire: often, but not on Mondays
    if clause.tense == "habit" and not clause.negation and often:
        if lasting:
            clause = clause._replace(tense="present")
            return (
                clause._replace(rest=(*rest, where(draw, verb))) if "always" in traits else clause
            )

        clause = clause._replace(adverb=draw.word(FREQUENCY))
    plain = clause.tense in {"past", "future"} and not (clause.modal or clause.negation or lasting)
    if plain and verb.objects and draw.chance(0.05):
        clause = clause._replace(adverb=draw.word(MANNER))
    placed = bool(traits & {"place", "room", "area", "water", "country"})
    going = traits & {"move", "move_in", "always"}
    if going or (placed and draw.chance(0.55 if room else 0.3)):
        rest.append(where(draw, verb, owner=owner))
    if room and "company" in traits and draw.chance(0.2):
        rest.append(with_whom(draw, owner, besides=clause.subject))
    habit = clause.tense == "habit" and clause.negation not in {"plus", "jamais"}
    unmarked = habit and not clause.adverb[0]
    timed = unmarked or clause.tense in {"since", "used"}
    marked = clause.tense == "habit" and not unmarked
    if marked:
        return clause._replace(rest=tuple(rest))
    if timed or (room > 1 and draw.chance(0.25)):
        allowed = clause.tense not in {"already", "conditional"} and not (
            clause.modal and clause.tense not in {"past", "future", "near"}
        )
        if allowed and (not lasting or clause.tense in {"since", "used"}):
            rest.append(when(draw, clause.tense))
    return clause._replace(rest=tuple(rest))


def _who_does(draw: Draw, phrase: Phrase) -> Phrase:
    """Add a relative clause to a subject: le médecin qui habite à Lyon."""
    subject = phrase._replace(french=("qui",), english=("who",))
    clause = build_clause(draw, subject, room=1)
    while (
        clause.verb.preposition
        or clause.negation
        or clause.modal
        or clause.clitic
        or clause.tense not in {"past", "present"}
        or "state" in clause.verb.traits
    ):
        clause = build_clause(draw, subject, room=1)
    return phrase._replace(
        french=(*phrase.french, *french_clause(clause)),
        english=(*phrase.english, *english_statement(clause)),
    )
