"""One clause, said in both languages: subject, verb, tense, negation, object and the rest.

French order: subject · ne · clitics · finite verb(-subject) · pas · adverb · participle or
infinitive · object · rest. English order: auxiliary and subject change places in a question.
"""

from typing import Literal, NamedTuple

from bench.data.corpora.synthetic_questions import english as en
from bench.data.corpora.synthetic_questions import french as fr
from bench.data.corpora.synthetic_questions.modals import Modal, Tense
from bench.data.corpora.synthetic_questions.phrases import Phrase
from bench.data.corpora.synthetic_questions.words import Verb

Negation = Literal["", "pas", "plus", "jamais", "encore"]
Pair = tuple[tuple[str, ...], tuple[str, ...]]
"""The same words in French and English."""

REFLEXIVE = ("me", "te", "se", "nous", "vous", "se")
FRENCH_NEGATION = {
    "pas": ("pas",),
    "plus": ("plus",),
    "jamais": ("jamais",),
    "encore": ("pas", "encore"),
}
ENGLISH_ENDING = {"plus": ("any", "more"), "encore": ("yet",)}
FRENCH_TENSE: dict[Tense, fr.FrenchTense] = {
    "present": "present",
    "habit": "present",
    "since": "present",
    "background": "imperfect",
    "used": "imperfect",
    "future": "future",
    "conditional": "conditional",
}


class Clitic(NamedTuple):
    """An object pronoun: before the French verb, behind the English one."""

    french: tuple[str, ...]
    english: tuple[str, ...]
    gender: str = ""  # of a direct object, with which the participle agrees; "" for others
    plural: bool = False


class Clause(NamedTuple):
    """What is said, before it is put in words."""

    subject: Phrase
    verb: Verb
    tense: Tense
    modal: Modal | None = None
    negation: Negation = ""
    object: Phrase | None = None
    clitic: Clitic | None = None
    gap: Phrase | None = None  # a direct object that stands elsewhere, before the verb
    adverb: Pair = ((), ())  # between the parts of the verb: souvent, déjà
    rest: tuple[Pair, ...] = ()


def french_clause(clause: Clause, *, inverted: bool = False, subject: bool = True) -> list[str]:
    """Say it in French.

    Args:
        clause: what is said.
        inverted: a question by inversion: vient-il, Paul vient-il.
        subject: whether the subject is said; a noun's is kept in front of an inversion.
    """
    finite, middle, lexical, infinitive = _french_verb(clause)
    negation = list(FRENCH_NEGATION.get(clause.negation, ()))
    clitics = _clitics(clause)
    words: list[str] = []
    if subject and not (inverted and clause.subject.pronoun):
        words += clause.subject.french
    if negation:
        words.append("ne")
    if not infinitive:
        words += clitics
    words.append(_invert(finite, clause.subject) if inverted else finite)
    words += [*negation, *clause.adverb[0], *middle]
    if infinitive:
        words += clitics
    words += lexical
    words += clause.verb.tail
    if clause.object is not None:
        words += _french_object(clause.verb, clause.object)
    return [*words, *(word for pair in clause.rest for word in pair[0])]


def english_question(clause: Clause) -> list[str]:
    """Ask it in English: auxiliary, subject, the rest."""
    chain = _english_chain(clause)
    auxiliary = chain.auxiliary or chain.do
    pronoun_am = auxiliary == "am" and clause.negation in {"pas", "plus", "encore"}
    negated = clause.negation in {"pas", "plus", "encore"} and not pronoun_am
    words = [en.negate(auxiliary) if negated else auxiliary, *clause.subject.english]
    if pronoun_am:
        words.append("not")
    return [*words, *_english_adverb(clause), *chain.rest, *_english_complements(clause)]


def english_statement(clause: Clause) -> list[str]:
    """State it in English: subject, verb, the rest."""
    chain = _english_chain(clause)
    negated = clause.negation in {"pas", "plus", "encore"}
    words = list(clause.subject.english)
    adverb = _english_adverb(clause)
    if chain.auxiliary is not None:
        words += [en.negate(chain.auxiliary) if negated else chain.auxiliary, *adverb, *chain.rest]
    elif negated:
        words += [en.negate(chain.do), *adverb, *chain.rest]
    else:
        words += [*adverb, chain.finite, *chain.rest[1:]]
    return [*words, *_english_complements(clause)]


def french_infinitive(clause: Clause) -> list[str]:
    """Say the bare verb phrase, with the pronouns of the clause's subject: te lever tôt."""
    verb = clause.verb
    words = [*_clitics(clause), verb.french, *verb.tail]
    if clause.object is not None:
        words += _french_object(verb, clause.object)
    return [*words, *(word for pair in clause.rest for word in pair[0])]


def english_bare(clause: Clause, form: Literal["base", "gerund"]) -> list[str]:
    """Say the bare verb phrase: get up early, getting up early."""
    verb = clause.verb
    return [verb.base if form == "base" else verb.gerund, *_english_complements(clause)]


class _FrenchVerb(NamedTuple):
    finite: str
    middle: tuple[str, ...]  # participle or tail of a modal
    lexical: tuple[str, ...]  # participle or infinitive of the verb itself, if it is not finite
    infinitive: bool  # clitics stand before the infinitive


def _french_verb(clause: Clause) -> _FrenchVerb:
    head = clause.modal.french if clause.modal else clause.verb.french
    person = clause.subject.person
    tail = _modal_tail(clause)
    infinitive = (clause.verb.french,) if clause.modal else ()
    if clause.tense == "near":
        finite = fr.conjugate("aller", "present", person)
        middle = (head, *tail) if clause.modal else ()
        return _FrenchVerb(finite, middle, (clause.verb.french,), infinitive=True)
    if clause.tense in {"past", "already"}:
        return _french_past(clause, head, tail, infinitive)
    finite = fr.conjugate(head, FRENCH_TENSE[clause.tense], person)
    return _FrenchVerb(finite, tail, infinitive, infinitive=bool(clause.modal))


def _french_past(
    clause: Clause, head: str, tail: tuple[str, ...], infinitive: tuple[str, ...]
) -> _FrenchVerb:
    verb, subject = clause.verb, clause.subject
    participle = fr.participle(head)
    if clause.modal:
        finite = fr.conjugate("avoir", "present", subject.person)
        return _FrenchVerb(finite, (participle, *tail), infinitive, infinitive=True)
    if verb.reflexive or "etre" in verb.traits:
        finite = fr.conjugate("être", "present", subject.person)
        participle = fr.agree(participle, gender=subject.gender, plural=subject.plural)
    else:
        finite = fr.conjugate("avoir", "present", subject.person)
        before = clause.gap or clause.clitic
        if before is not None and before.gender:
            participle = fr.agree(participle, gender=before.gender, plural=before.plural)
    return _FrenchVerb(finite, (), (participle,), infinitive=False)


def _modal_tail(clause: Clause) -> tuple[str, ...]:
    if clause.modal is None:
        return ()
    if not clause.modal.adjective:
        return clause.modal.tail
    adjective, *others = clause.modal.tail
    subject = clause.subject
    return (fr.agree(adjective, gender=subject.gender, plural=subject.plural), *others)


def _clitics(clause: Clause) -> tuple[str, ...]:
    reflexive = (REFLEXIVE[clause.subject.person],) if clause.verb.reflexive else ()
    return (*reflexive, *(clause.clitic.french if clause.clitic else ()))


def _invert(finite: str, subject: Phrase) -> str:
    if subject.pronoun:
        pronoun = subject.french[0]
    elif subject.plural:
        pronoun = "elles" if subject.gender == "f" else "ils"
    else:
        pronoun = "elle" if subject.gender == "f" else "il"
    joint = "-t-" if subject.person == 2 and finite[-1] not in "td" else "-"
    return f"{finite}{joint}{pronoun}"


def _french_object(verb: Verb, phrase: Phrase) -> list[str]:
    return fr.contract(verb.preposition, phrase.french) if verb.preposition else [*phrase.french]


def _english_chain(clause: Clause) -> en.Chain:
    person = clause.subject.english_person
    verb = clause.verb
    if clause.modal is None:
        own = en.EnglishVerb(verb.base, verb.past, verb.participle, verb.gerund)
        return en.chain(own, _english_tense(clause), person)
    special = clause.modal.auxiliaries.get(clause.tense)
    if special is not None:
        return en.Chain(special, "", (verb.base,), "")
    modal = clause.modal.english_in(clause.tense)
    chain = en.chain(modal, _english_modal_tense(clause.tense), person)
    follow = ("to", verb.base) if clause.modal.complement == "to" else (verb.gerund,)
    return chain._replace(rest=(*chain.rest, *modal.particle, *follow))


def _english_tense(clause: Clause) -> en.EnglishTense:
    progressive = clause.verb.progressive
    match clause.tense:
        case "present":
            return "progressive" if progressive else "simple_present"
        case "background":
            return "past_progressive" if progressive else "simple_past"
        case "since":
            return "perfect_progressive" if progressive else "perfect"
        case "habit":
            return "simple_present"
        case "past":
            return "simple_past"
        case "already":
            return "perfect"
        case "used":
            return "used_to"
        case "future":
            return "will"
        case "near":
            return "going_to"
        case "conditional":
            return "would"


def _english_modal_tense(tense: Tense) -> en.EnglishTense:
    simple: dict[Tense, en.EnglishTense] = {
        "past": "simple_past",
        "already": "perfect",
        "background": "simple_past",
        "used": "used_to",
        "future": "will",
        "near": "going_to",
        "conditional": "would",
        "since": "perfect",
    }
    return simple.get(tense, "simple_present")


def _english_adverb(clause: Clause) -> tuple[str, ...]:
    return (("never",) if clause.negation == "jamais" else ()) + clause.adverb[1]


def _english_complements(clause: Clause) -> list[str]:
    verb = clause.verb
    clitic = list(clause.clitic.english) if clause.clitic else []
    noun = list(clause.object.english) if clause.object else []
    rest = [word for pair in clause.rest for word in pair[1]]
    particle = list(verb.particle)
    near = [*clitic, *particle] if verb.separable else [*particle, *clitic]
    if "back" in particle:  # give the bag back to Paul
        near, noun = clitic, [*noun, *particle]
    return [*near, *noun, *rest, *ENGLISH_ENDING.get(clause.negation, ())]
