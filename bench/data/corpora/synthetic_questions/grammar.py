"""The grammar as a whole: a seed in, question after question out."""

from collections.abc import Callable, Iterator, Sequence

from bench.data.corpora.synthetic_questions import (
    copulas,
    english,
    french,
    qualities,
    questions,
)
from bench.data.corpora.synthetic_questions.clauses import Pair
from bench.data.corpora.synthetic_questions.draw import Draw
from bench.data.corpora.synthetic_questions.phrases import name_phrase
from bench.data.corpora.synthetic_questions.subordination import belief, indirect_question

SEED = 1
KINDS: dict[Callable[[Draw], Pair], float] = {
    questions.yes_or_no: 0.24,
    questions.object_question: 0.1,
    questions.which_object: 0.07,
    questions.where_question: 0.07,
    questions.when_question: 0.06,
    questions.why_question: 0.09,
    questions.who_does: 0.07,
    questions.how_question: 0.05,
    questions.how_long: 0.02,
    indirect_question: 0.06,
    belief: 0.05,
    qualities.described: 0.03,
    copulas.located: 0.02,
    copulas.existing: 0.015,
    qualities.compared: 0.01,
    qualities.superlative: 0.01,
    copulas.priced: 0.01,
    copulas.owned: 0.01,
    copulas.coloured: 0.005,
    copulas.aged: 0.01,
    copulas.defined: 0.015,
}
VOCATIVE_CHANCE = 0.02
# Words after which a participle or adjective would have to agree with the person called.
GENDERED = {"es", "es-tu", "t'es-tu", "êtes", "seras", "seras-tu", "te"}


FAMILIAR = {"tu", "te", "toi", "ton", "ta", "tes"}
POLITE = {"vous", "votre", "vos"}


def mixes_address(french_words: Sequence[str]) -> bool:
    """Tell whether somebody is addressed with both tu and vous, which nobody does."""
    heard = [word for word in french_words if word != "rendez-vous"]
    familiar = any(w in FAMILIAR or w.endswith("-tu") or w.startswith("t'") for w in heard)
    return familiar and any(w in POLITE or w.endswith("-vous") for w in heard)


def draw_questions(seed: int = SEED) -> Iterator[tuple[str, str]]:
    """Yield French questions and their English translations without end, repeats included."""
    draw = Draw(seed)
    while True:
        french_words, english_words = draw.weighted(KINDS)(draw)
        if mixes_address(french_words):
            continue
        called = {"tu", "ton", "ta"} & set(french_words) and not GENDERED & set(french_words)
        if called and draw.chance(VOCATIVE_CHANCE):
            name = name_phrase(draw)
            french_words = (*name.french, ",", *french_words)
            english_words = (*name.english, ",", *english_words)
        yield f"{french.surface(french_words)} ?", f"{english.surface(english_words)}?"
