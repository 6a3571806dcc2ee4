"""Questions about a clause: yes or no, who, what, which, where, when, why and how.

Each kind returns the French and the English words, without the question mark.
"""

from collections.abc import Callable
from typing import Literal

from bench.data.corpora.synthetic_questions.adjuncts import where
from bench.data.corpora.synthetic_questions.clauses import (
    Clause,
    Pair,
    english_question,
    english_statement,
    french_clause,
)
from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.objects import (
    NAMED,
    PERSONAL,
    UNAMBIGUOUS,
    add_object,
)
from bench.data.corpora.synthetic_questions.phrases import Phrase, pick_noun
from bench.data.corpora.synthetic_questions.subordination import add_subordinate
from bench.data.corpora.synthetic_questions.verb_phrases import (
    PLAIN_MODALS,
    add_circumstances,
    build_clause,
    pick_subject,
    pick_tense,
    pick_verb,
)
from bench.data.corpora.synthetic_questions.words import Verb

Style = Literal["inversion", "est-ce que", "intonation"]
STYLES: dict[Style, float] = {"inversion": 0.45, "est-ce que": 0.35, "intonation": 0.2}
INVERTED_I = {"ai", "suis", "dois", "vais"}  # forms of je that may be inverted: dois-je
WHO = Phrase(("qui",), ("who",), own=("son", "their"))
WHAT = Phrase(("que",), ("what",))
# Questions that stand before a French verb; the last tells whether they may stand behind it too.
PLACES = ((("où",), ("where",), True),)
TIMES = (
    (("quand",), ("when",), True),
    (("à", "quelle", "heure"), ("what", "time"), True),
    (("quel", "jour"), ("what", "day"), True),
)
MANNERS = (
    (("comment",), ("how",), True),
    (("avec", "qui"), ("who",), True),
    (("pour", "qui"), ("who",), False),
)
CLOCKED = {  # done at some hour
    "déjeuner", "dîner", "téléphoner", "appeler", "sortir", "manger", "fermer", "ouvrir", "rencontrer",
    "réveiller", "voir", "regarder",
}  # fmt: skip
NOWHERE = {"prendre", "appeler", "téléphoner", "réveiller"}  # not asked where
CHANCE = {"trouver", "perdre", "tomber", "manquer", "recevoir"}  # not asked why
SKILFUL = {  # done in some manner
    "réparer", "ouvrir", "fermer", "préparer", "laver", "nettoyer", "apprendre", "choisir", "casser",
    "construire", "dessiner", "résoudre", "convaincre", "allumer", "éteindre", "couper", "traduire",
    "rencontrer", "cuire", "installer", "attraper", "déplacer", "sauver",
    "remplir", "soulever", "organiser", "découvrir", "cacher", "voler",
}  # fmt: skip


def style_for(draw: Draw, clause: Clause) -> Style:
    """Choose how French asks; je is inverted in a few forms only."""
    style = draw.weighted(STYLES)
    if style == "inversion" and clause.subject.person == 0:
        words = french_clause(clause, subject=False)
        if not INVERTED_I & set(words):
            return "est-ce que"
    return style


def yes_or_no(draw: Draw) -> Pair:
    """As-tu vu ma clé; est-ce que Paul est parti."""
    clause = build_clause(draw, pick_subject(draw), asked=True)
    clause = add_subordinate(draw, clause)
    style = style_for(draw, clause)
    french = french_clause(clause, inverted=style == "inversion")
    if style == "est-ce que":
        french = ["est-ce que", *french]
    return tuple(french), tuple(english_question(clause))


def circumstance(draw: Draw, words: Pair, clause: Clause, *, behind: bool) -> Pair:
    """Ask where, when or how; `behind` allows it at the end: Tu habites où."""
    style = style_for(draw, clause)
    english = (*words[1], *english_question(clause))
    if style == "est-ce que":
        return (*words[0], "est-ce que", *french_clause(clause)), english
    if style == "intonation" and behind and not clause.negation:
        return (*french_clause(clause), *words[0]), english
    if style == "intonation" and clause.subject.person == 0:
        return (*words[0], "est-ce que", *french_clause(clause)), english
    return (*words[0], *french_clause(clause, inverted=True)), english


def where_question(draw: Draw) -> Pair:
    """Où habites-tu; où est-ce que tu as acheté cette robe."""
    subject = pick_subject(draw)
    clause = _clause(draw, subject, _placed)
    going = clause.verb.traits & {"move", "move_in"} or clause.verb.french == "courir"
    if clause.tense in {"present", "habit"} and not clause.modal:
        # Of a place one asks in general: where do you work; but where are you going.
        going = going or clause.object is not None or clause.clitic is not None
        clause = clause._replace(tense="present" if going else "habit")
    sudden = clause.tense == "habit" and "event" in clause.verb.traits and not clause.modal
    if sudden or clause.tense in {"since", "used", "already"}:
        clause = clause._replace(tense="past")
    clause = _plainly(clause)
    return circumstance(draw, (("où",), ("where",)), clause, behind=not related(clause))


def when_question(draw: Draw) -> Pair:
    """Quand partiras-tu; à quelle heure est-ce que Paul est rentré."""
    french, english, behind = draw.word(TIMES)
    clause = _clause(draw, pick_subject(draw), _clocked if "heure" in french else _dated)
    if clause.tense not in {"past", "future", "near"} or clause.modal:
        clause = clause._replace(tense=draw.even(("past", "future", "near")), modal=None)
    clause = _go_where(draw, clause)
    return circumstance(draw, (french, english), clause, behind=behind and not related(clause))


def why_question(draw: Draw) -> Pair:
    """Pourquoi ris-tu; pourquoi Paul n'a-t-il pas vendu sa voiture."""
    clause = build_clause(draw, pick_subject(draw))
    while clause.verb.name in CHANCE:
        clause = build_clause(draw, clause.subject)
    clause = add_subordinate(draw, clause, reasons=False)
    words: Pair = (("pourquoi",), ("why",))
    if clause.subject.pronoun and draw.chance(0.12):
        return ("pourquoi", *french_clause(clause)), ("why", *english_question(clause))
    return circumstance(draw, words, clause, behind=False)


def how_question(draw: Draw) -> Pair:
    """Comment as-tu réparé la radio; avec qui danses-tu."""
    french, english, behind = draw.word(MANNERS)
    suits: Callable[[Verb], bool] = _acted if french == ("comment",) else _shared
    if french[0] == "pour":
        suits = _served
    clause = _clause(draw, pick_subject(draw), suits)
    if clause.tense in {"used", "since", "already", "habit"}:
        clause = clause._replace(tense="past" if clause.tense != "habit" else "present")
    clause = _plainly(clause)
    if french == ("comment",) and clause.tense == "present":
        clause = clause._replace(tense="past", modal=None)
    behind = behind and not related(clause)
    if french != ("comment",):
        preposition = "with" if french[0] == "avec" else "for"
        pair = circumstance(draw, (french, english), clause, behind=behind)
        return pair[0], (*pair[1], preposition)
    return circumstance(draw, (french, english), clause, behind=behind)


def how_long(draw: Draw) -> Pair:
    """Depuis combien de temps habites-tu ici; depuis quand connais-tu Marie."""
    clause = _clause(draw, pick_subject(draw), _lasting)
    clause = _go_where(draw, clause._replace(tense="since", modal=None))
    french = ("depuis", "combien", "de", "temps") if draw.chance(0.6) else ("depuis", "quand")
    behind = draw.chance(0.3) and not related(clause)
    return circumstance(draw, (french, ("how", "long")), clause, behind=behind)


def who_does(draw: Draw) -> Pair:
    """Qui a cassé la fenêtre; qui est-ce qui vient demain."""
    clause = build_clause(draw, WHO)
    clause = add_subordinate(draw, clause)
    french = french_clause(clause)
    if draw.chance(0.25):
        french = ["qui est-ce qui", *french[1:]]
    return tuple(french), tuple(english_statement(clause))


def object_question(draw: Draw) -> Pair:
    """Que lis-tu; qui as-tu vu; à qui penses-tu; de quoi as-tu besoin."""
    verb = draw.word(UNAMBIGUOUS)
    while verb.name == "avoir":  # qu'est-ce qu'il a: what is the matter with him
        verb = draw.word(UNAMBIGUOUS)
    persons = PERSONAL & set(verb.objects)
    person = bool(persons) and (persons == set(verb.objects) or draw.chance(0.7))
    subject = pick_subject(draw)
    tense, modal = pick_tense(draw, verb)
    clause = Clause(subject, verb, tense, modal)
    if tense == "already":
        clause = clause._replace(tense="past")
    clause = add_circumstances(draw, clause, room=1)
    if person or verb.preposition:
        return _prepositional_object(draw, clause, person=person)
    return _plain_object(draw, clause)


def which_object(draw: Draw) -> Pair:
    """Quel livre lis-tu; combien de fleurs as-tu achetées."""
    verb = draw.word(UNAMBIGUOUS)
    while set(verb.objects) <= NAMED or (PERSONAL & set(verb.objects) and draw.chance(0.8)):
        verb = draw.word(UNAMBIGUOUS)
    kinds = [kind for kind in verb.objects if kind not in NAMED]  # not: which tennis
    noun = pick_noun(draw, kinds)
    counting = not verb.preposition and draw.chance(0.35)
    plural = noun.counted and (counting or draw.chance(0.25))
    tense, modal = pick_tense(draw, verb)
    gap = Phrase((), (), noun.gender, 5 if plural else 2)
    clause = Clause(pick_subject(draw), verb, "past" if tense == "already" else tense, modal)
    if clause.tense == "habit":
        clause = clause._replace(tense="present")
    if not verb.preposition:
        clause = clause._replace(gap=gap)
    clause = add_circumstances(draw, clause, room=1)
    french_noun = noun.french_plural if plural else noun.french
    english_noun = noun.english_plural if plural else noun.english
    if counting:
        asked: Pair = (
            ("combien", "de", french_noun),
            ("how", "many" if noun.counted else "much", english_noun),
        )
    else:
        which = ("quelle" if noun.gender == "f" else "quel") + ("s" if plural else "")
        preposition = (verb.preposition,) if verb.preposition else ()
        asked = ((*preposition, which, french_noun), ("which", english_noun))
    return circumstance(draw, asked, clause, behind=False)


def _plain_object(draw: Draw, clause: Clause) -> Pair:
    english = ("what", *english_question(clause))
    style = style_for(draw, clause)
    if style == "inversion" and clause.subject.pronoun:
        return ("que", *french_clause(clause, inverted=True)), english
    if style == "intonation" and clause.subject.pronoun:
        shown = clause._replace(object=Phrase(("quoi",), ()))
        return tuple(french_clause(shown)), english
    return ("qu'est-ce que", *french_clause(clause)), english


def _prepositional_object(draw: Draw, clause: Clause, *, person: bool) -> Pair:
    word = "qui" if person else "quoi"
    preposition = (clause.verb.preposition,) if clause.verb.preposition else ()
    english = ("who" if person else "what", *english_question(clause))
    style = style_for(draw, clause)
    if style == "est-ce que" or (style == "intonation" and clause.subject.person == 0):
        return (*preposition, word, "est-ce que", *french_clause(clause)), english
    if style == "intonation":
        shown = clause._replace(object=Phrase((word,), ()))
        return tuple(french_clause(shown)), english
    return (*preposition, word, *french_clause(clause, inverted=True)), english


def related(clause: Clause) -> bool:
    """Tell whether the object has a relative clause, to which all that follows would attach."""
    return clause.object is not None and {"que", "qui"} & set(clause.object.french) != set()


def _plainly(clause: Clause) -> Clause:
    """Leave out a modal that would make the question odd: where do you feel like going."""
    if clause.modal and clause.modal.french not in PLAIN_MODALS:
        return clause._replace(modal=None, tense="past")
    return clause


def _go_where(draw: Draw, clause: Clause) -> Clause:
    """Give a verb that does not stand alone its place."""
    if clause.verb.traits & {"move", "move_in", "always"}:
        return clause._replace(rest=(*clause.rest, where(draw, clause.verb)))
    return clause


def _clause(draw: Draw, subject: Phrase, suits: Callable[[Verb], bool]) -> Clause:
    """Build a clause without times and places around a verb that suits a question."""
    verb = pick_verb(draw)
    while not suits(verb):
        verb = pick_verb(draw)
    tense, modal = pick_tense(draw, verb)
    clause = Clause(subject, verb, tense, modal)
    return add_object(draw, clause)


def _placed(verb: Verb) -> bool:
    if verb.objects:
        return "state" not in verb.traits and not verb.preposition and verb.name not in NOWHERE
    return bool(verb.traits & {"place", "move", "room", "area", "water"})


def _dated(verb: Verb) -> bool:
    return "event" in verb.traits or bool(verb.traits & {"move", "move_in"})


def _clocked(verb: Verb) -> bool:
    return bool(verb.traits & {"time", "move", "move_in"}) or verb.name in CLOCKED


def _acted(verb: Verb) -> bool:
    return verb.name in SKILFUL and bool(verb.objects)


def _shared(verb: Verb) -> bool:
    return "company" in verb.traits


def _served(verb: Verb) -> bool:
    return verb.french in {"travailler", "cuisiner", "danser"}


def _lasting(verb: Verb) -> bool:
    return "act" in verb.traits or verb.french in {"habiter", "connaître", "avoir", "s'intéresser"}
