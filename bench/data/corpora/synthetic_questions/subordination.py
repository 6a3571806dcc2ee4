"""Clauses within clauses: quand, si, parce que, pour, avant de, sans; and indirect questions."""

from functools import cache
from typing import Literal, NamedTuple

from bench.data.corpora.synthetic_questions.clauses import (
    Clause,
    Negation,
    Pair,
    english_bare,
    english_statement,
    french_clause,
    french_infinitive,
)
from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.modals import Tense
from bench.data.corpora.synthetic_questions.objects import add_object
from bench.data.corpora.synthetic_questions.phrases import PRONOUNS, Phrase, name_phrase
from bench.data.corpora.synthetic_questions.verb_phrases import (
    add_circumstances,
    build_clause,
    dated_clause,
    pick_subject,
)
from bench.data.corpora.synthetic_questions.words import Verb, verbs

SUBORDINATE_CHANCE = 0.3


class Infinitive(NamedTuple):
    """A link to an infinitive, the verbs it may follow and those that may follow it."""

    french: tuple[str, ...]
    english: tuple[str, ...]
    form: Literal["base", "gerund"]
    after: frozenset[str]
    before: frozenset[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(word.replace("_", " ") for word in text.split())


INFINITIVES = (
    Infinitive(
        ("pour",), ("to",), "base",
        _words("aller venir sortir partir rester rentrer voyager"),
        _words("voir acheter aider rencontrer attendre préparer payer visiter étudier"),
    ),
    Infinitive(
        ("avant", "de"), ("before",), "gerund",
        _words("sortir partir rentrer dormir se_coucher déjeuner dîner travailler téléphoner "
               "se_laver se_reposer s'habiller manger cuisiner"),
        _words("manger boire lire appeler fermer ranger laver écrire préparer nettoyer"),
    ),
    Infinitive(
        ("sans",), ("without",), "gerund",
        _words("partir sortir rentrer arriver"),
        _words("attendre remercier voir payer prendre fermer saluer aider appeler embrasser"),
    ),
    Infinitive(
        ("au", "lieu", "de"), ("instead", "of"), "gerund",
        _words("dormir jouer danser rire bavarder voyager pleurer sortir se_reposer fumer nager "
               "se_promener se_baigner regarder se_disputer"),
        _words("étudier lire aider écouter attendre ranger nettoyer préparer écrire laver réparer"),
    ),
)  # fmt: skip
REMEMBERED = {"past", "used", "already"}
MIXED = ({0, 3}, {1, 4})  # I and we; tu and vous in one sentence
# What may happen when something else does, what it may depend on, and what may be its reason.
SIGNALS = _words("arriver partir rentrer téléphoner tomber se_lever crier se_réveiller appeler")
CONDITIONS = _words("venir partir rester rentrer téléphoner arriver refuser accepter appeler")
REASONS = _words(
    "pleurer crier dormir travailler rire fumer mentir attendre se_disputer s'inquiéter chanter "
    "s'ennuyer danser jouer avoir_peur chercher"
)


def add_subordinate(draw: Draw, clause: Clause, *, reasons: bool = True) -> Clause:
    """Perhaps add a subordinate clause that suits the tense; `reasons` allows because."""
    if not draw.chance(SUBORDINATE_CHANCE) or clause.negation == "plus":
        return clause
    kind = draw.weighted({"finite": 0.55, "infinitive": 0.45})
    added = _finite(draw, clause, reasons=reasons) if kind == "finite" else _bare(draw, clause)
    return clause._replace(rest=(*clause.rest, added)) if added else clause


def indirect(clause: Clause, words: Pair) -> Pair:
    """Say a question inside another: où Paul habite, where Paul lives."""
    french = (*words[0], *french_clause(clause))
    return french, (*words[1], *english_statement(clause))


def _finite(draw: Draw, main: Clause, *, reasons: bool) -> Pair | None:
    """Choose a clause with a subject of its own that suits the main one, if there is one."""
    if "state" in main.verb.traits:
        return None
    if main.tense in {"background", "past"} and not main.modal:
        if reasons and main.tense == "past" and draw.chance(0.35):
            because = _other(draw, main.subject, REASONS, "background")
            return _say(("parce que", "because"), because, because)
        signal = _other(draw, main.subject, SIGNALS, "past")
        return _say(("quand", "when"), signal, signal)
    if main.tense == "future" and draw.chance(0.5):
        signal = _other(draw, main.subject, SIGNALS, "future")
        return _say(("quand", "when"), signal, signal._replace(tense="habit"))
    if main.tense == "future":
        condition = _other(draw, main.subject, CONDITIONS, "habit")
        return _say(("si", "if"), condition, condition)
    if main.tense == "conditional":
        condition = _other(draw, main.subject, CONDITIONS, "background")
        return _say(("si", "if"), condition, condition._replace(tense="past"))
    return None


def _say(link: tuple[str, str], french: Clause, english: Clause) -> Pair:
    """Say a clause behind a link; each language has its own tense for it."""
    return (link[0], *french_clause(french)), (link[1], *english_statement(english))


def _other(draw: Draw, main: Phrase, names: frozenset[str], tense: Tense) -> Clause:
    """Build a clause about somebody else with one of some verbs."""
    subject = name_phrase(draw) if draw.chance(0.6) else pick_subject(draw)
    while subject.french == main.french or {main.person, subject.person} in MIXED:
        subject = pick_subject(draw)
    clause = add_object(draw, Clause(subject, draw.word(_verbs(names)), tense))
    clause = add_circumstances(draw, clause._replace(adverb=((), ())), room=0)
    return clause._replace(tense=tense, adverb=((), ()))


def _bare(draw: Draw, main: Clause) -> Pair | None:
    """Choose an infinitive that suits the main clause's verb, if there is one."""
    suitable = [link for link in INFINITIVES if main.verb.name in link.after]
    if not suitable or main.tense in {"since", "already"}:
        return None
    link = draw.even(suitable)
    verb = draw.word([verb for verb in _verbs(link.before) if verb.objects])
    negation: Negation = "pas" if link.french == ("sans",) else ""
    clause = Clause(main.subject, verb, "present", negation=negation)
    clause = add_object(draw, clause, clitics=False)._replace(negation="")
    return (
        (*link.french, *french_infinitive(clause)),
        (*link.english, *english_bare(clause, link.form)),
    )


@cache
def _verbs(names: frozenset[str]) -> tuple[Verb, ...]:
    return tuple(verb for verb in verbs() if verb.name in names)


INTRODUCTIONS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("sais-tu",), ("do", "you", "know")),
    (("savez-vous",), ("do", "you", "know")),
    (("peux-tu", "me", "dire"), ("can", "you", "tell", "me")),
    (("pouvez-vous", "me", "dire"), ("can", "you", "tell", "me")),
    (("est-ce que", "tu", "sais"), ("do", "you", "know")),
    (("pourriez-vous", "m'expliquer"), ("could", "you", "explain", "to", "me")),
    (("te", "souviens-tu"), ("do", "you", "remember")),
    (("as-tu", "compris"), ("did", "you", "understand")),
    (("vous", "savez"), ("do", "you", "know")),
    (("voulez-vous", "savoir"), ("do", "you", "want", "to", "know")),
    (("a-t-il", "expliqué"), ("did", "he", "explain")),
    (("n'as-tu", "pas", "demandé"), ("didn't", "you", "ask")),
)
BELIEFS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("penses-tu", "que"), ("do", "you", "think", "that")),
    (("est-ce que", "tu", "crois", "que"), ("do", "you", "believe", "that")),
    (("savais-tu", "que"), ("did", "you", "know", "that")),
    (("es-tu", "sûr", "que"), ("are", "you", "sure", "that")),
    (("est-il", "vrai", "que"), ("is", "it", "true", "that")),
    (("pensez-vous", "que"), ("do", "you", "think", "that")),
    (("as-tu", "entendu", "dire", "que"), ("have", "you", "heard", "that")),
    (("qui", "t'a", "dit", "que"), ("who", "told", "you", "that")),
    (("pourquoi", "penses-tu", "que"), ("why", "do", "you", "think", "that")),
    (("crois-tu", "vraiment", "que"), ("do", "you", "really", "believe", "that")),
)
LINKS: tuple[Pair, ...] = (
    (("pourquoi",), ("why",)),
    (("si",), ("whether",)),
    (("quand",), ("when",)),
)


def indirect_question(draw: Draw) -> Pair:
    """Sais-tu pourquoi Marie pleure; te souviens-tu quand il est parti."""
    opening, link = draw.word(INTRODUCTIONS), draw.word(LINKS)
    subject = _third_person(draw)
    if opening[0][-1] in {"compris", "m'expliquer", "expliqué"}:
        link = (("pourquoi",), ("why",))
    clause = build_clause(draw, subject)
    past = opening[0][-1] == "souviens-tu"
    while (link[0] == ("si",) and clause.negation) or (past and clause.tense not in REMEMBERED):
        clause = build_clause(draw, subject)
    if link[0] == ("quand",):
        clause = dated_clause(draw, subject)
    french, english = indirect(clause, link)
    return (*opening[0], *french), (*opening[1], *english)


def belief(draw: Draw) -> Pair:
    """Penses-tu que Marie viendra; est-il vrai que tu as vendu ta voiture."""
    opening = draw.word(BELIEFS)
    clause = build_clause(draw, _third_person(draw))
    doubtful = opening[0][0] in {"penses-tu", "pensez-vous", "est-il", "crois-tu", "es-tu"}
    while doubtful and clause.tense in {"present", "habit", "since"}:
        # A doubt about now would need the subjunctive: speak of the past or the future.
        clause = build_clause(draw, clause.subject)
    return (*opening[0], *french_clause(clause)), (*opening[1], *english_statement(clause))


def _third_person(draw: Draw) -> Phrase:
    subject = pick_subject(draw)
    return subject if subject.person in {2, 5} else PRONOUNS[draw.even(("il", "elle", "ils"))]
