"""Clauses within clauses: quand, si, parce que, pour, avant de, sans; and indirect questions."""

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
from bench.data.corpora.synthetic_questions.objects import add_object
from bench.data.corpora.synthetic_questions.phrases import PRONOUNS, Phrase, name_phrase
from bench.data.corpora.synthetic_questions.verb_phrases import (
    add_circumstances,
    build_clause,
    dated_clause,
    pick_subject,
    pick_verb,
)

SUBORDINATE_CHANCE = 0.2
PURPOSE = (("pour",), ("to",), "base")
PURPOSEFUL = {"sortir", "partir", "rester", "lever", "travailler", "téléphoner", "rentrer"}
INFINITIVES: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("avant", "de"), ("before",), "gerund"),
    (("sans",), ("without",), "gerund"),
    (("au", "lieu", "de"), ("instead", "of"), "gerund"),
)


def add_subordinate(draw: Draw, clause: Clause, *, reasons: bool = True) -> Clause:
    """Perhaps add a subordinate clause that suits the tense; `reasons` allows because."""
    if not draw.chance(SUBORDINATE_CHANCE) or clause.negation == "plus":
        return clause
    if clause.tense in {"background", "past"} and not clause.modal and draw.chance(0.4):
        return _append(clause, _finite(draw, clause.subject, ("quand", "when"), "past", "past"))
    if clause.tense in {"future", "conditional"} and draw.chance(0.5):
        if clause.tense == "future" and draw.chance(0.6):
            return _append(
                clause, _finite(draw, clause.subject, ("quand", "when"), "future", "present")
            )
        tense = "present" if clause.tense == "future" else "background"
        return _append(clause, _finite(draw, clause.subject, ("si", "if"), tense, tense))
    if clause.tense == "past" and reasons and draw.chance(0.4):
        return _append(
            clause,
            _finite(draw, clause.subject, ("parce que", "because"), "background", "background"),
        )
    if "state" in clause.verb.traits or clause.tense in {"since", "already"}:
        return clause
    return _append(clause, _bare(draw, clause))


def indirect(clause: Clause, words: Pair) -> Pair:
    """Say a question inside another: où Paul habite, where Paul lives."""
    french = (*words[0], *french_clause(clause))
    return french, (*words[1], *english_statement(clause))


def _append(clause: Clause, pair: Pair) -> Clause:
    return clause._replace(rest=(*clause.rest, pair))


def _finite(draw: Draw, main: Phrase, link: tuple[str, str], french: str, english: str) -> Pair:
    """Build a clause with a subject of its own, in one tense per language."""
    subject = name_phrase(draw) if draw.chance(0.5) else pick_subject(draw)
    while subject.french == main.french:
        subject = pick_subject(draw)
    verb = pick_verb(draw, transitive=draw.chance(0.5))
    while "state" in verb.traits or "past" in verb.traits:
        verb = pick_verb(draw)
    clause = add_object(draw, Clause(subject, verb, french))  # type: ignore[arg-type]
    clause = add_circumstances(draw, clause._replace(adverb=((), ())), room=0)
    if draw.chance(0.15):
        clause = _append(clause, _bare(draw, clause))
    said = clause._replace(tense="habit" if english == "present" else english)  # type: ignore[arg-type]
    if french == "background" and link[0] == "si":
        said = clause._replace(tense="past")  # if he came: French imperfect, English past
    return (link[0], *french_clause(clause)), (link[1], *english_statement(said))


def _bare(draw: Draw, main: Clause) -> Pair:
    purposeful = main.verb.traits & {"move", "move_in"} or main.verb.french in PURPOSEFUL
    french, english, form = PURPOSE if purposeful else draw.word(INFINITIVES)
    verb = pick_verb(draw, transitive=True)
    while verb.traits & {"state", "sudden"}:
        verb = pick_verb(draw, transitive=True)
    negation: Negation = "pas" if french == ("sans",) else ""
    clause = add_object(
        draw, Clause(main.subject, verb, "present", negation=negation), clitics=False
    )
    clause = clause._replace(negation="")
    return (
        (*french, *french_infinitive(clause)),
        (*english, *english_bare(clause, form)),  # type: ignore[arg-type]
    )


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
    while link[0] == ("si",) and clause.negation:
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
