"""The embedded corpus: what its grammar promises."""

import re
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from bench.data.corpora.synthetic_questions import MAX_TOKENS, MIN_TOKENS, Reader
from bench.data.corpora.synthetic_questions import french as fr
from bench.data.corpora.synthetic_questions.grammar import draw_questions
from bench.data.corpora.synthetic_questions.words import nouns, verbs
from bench.data.corpus import SentencePair
from bench.errors import CorpusError

NUM_PAIRS = 60_000


@pytest.fixture(scope="module")
def pairs() -> list[SentencePair]:
    return list(Reader().read(num_pairs=NUM_PAIRS).train)


def words(pairs: list[SentencePair], column: int) -> Counter[str]:
    return Counter(word for pair in pairs for word in re.findall(r"[\w-]+", pair[column].lower()))


def test_sixty_thousand_distinct_pairs_can_be_drawn(pairs: list[SentencePair]) -> None:
    """All French sentences differ."""
    assert len({pair.source for pair in pairs}) == NUM_PAIRS


def test_a_french_sentence_has_one_english_reading() -> None:
    """Drawn again and again, it is never translated in another way."""
    readings: dict[str, str] = {}

    for source, target in islice(draw_questions(), 100_000):
        assert readings.setdefault(source, target) == target


def test_several_french_sentences_share_an_english_one(pairs: list[SentencePair]) -> None:
    """Tu and vous, inversion and est-ce que come to the same in English."""
    assert len({pair.target for pair in pairs}) < 0.97 * NUM_PAIRS


@pytest.mark.parametrize("column", [0, 1])
def test_there_are_2500_word_forms_on_each_side(pairs: list[SentencePair], column: int) -> None:
    """Used with a frequency that falls with the rank about as Zipf's law has it."""
    counts = [count for _, count in words(pairs, column).most_common()]

    assert len(counts) >= 2_500
    assert counts[10] > 5 * counts[100] > 20 * counts[1000]


def test_lengths_have_a_long_tail(pairs: list[SentencePair]) -> None:
    """From 4 to 30 tokens; most are short, some are long."""
    lengths = [len(pair.source.split()) for pair in pairs]

    assert min(lengths) >= MIN_TOKENS - 1
    assert max(lengths) <= MAX_TOKENS
    assert sum(length > 15 for length in lengths) > 100


def test_twenty_thousand_pairs_take_less_than_five_seconds() -> None:
    """With room to spare: a machine five times slower would still do."""
    started = time.process_time()

    Reader().read(num_pairs=20_000)

    assert time.process_time() - started < 5


def test_a_smaller_corpus_is_the_beginning_of_a_larger_one(pairs: list[SentencePair]) -> None:
    """The same pairs in the same order, each time."""
    assert list(Reader().read(num_pairs=500).train) == pairs[:500]


def test_the_fingerprint_does_not_follow_the_order_of_a_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """File systems list their files as they like."""
    expected, listed = Reader().fingerprint(), Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda folder: reversed(sorted(listed(folder))))

    assert Reader().fingerprint() == expected


def test_more_than_there_is_is_refused() -> None:
    """Rather than drawing for ever."""
    with pytest.raises(CorpusError, match="at most 200,000 pairs"):
        Reader().read(num_pairs=10**6)


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        (r"(?<!-)\b(le|la|de|que|je|ne|me|te|se) [aeiouéèêâî]", "a vowel not elided"),
        (r"\b(à le|à les|de le|de les) (?!\w+er\b|\w+re\b|\w+ir\b)", "an article not contracted"),
        (r"\b(ma|ta|sa|ce) [aeéiou]", "a form that changes before a vowel"),
        (r"  | ,|[*~]", "a marker or space left over"),
        (r"[ae]-(il|elle)s?\b", "an inversion without its t"),
    ],
)
def test_french_joints_are_right(pairs: list[SentencePair], pattern: str, what: str) -> None:
    """Elision, contraction and euphony, everywhere."""
    wrong = [pair.source for pair in pairs if re.search(pattern, pair.source)]

    assert not wrong[:5], what


def test_english_articles_are_right(pairs: list[SentencePair]) -> None:
    """An before a vowel sound, a before others."""
    wrong = [
        pair.target
        for pair in pairs
        if re.search(r"\b[Aa] [aeio]|\b[Aa]n [^aeiouhAEIOUH]", pair.target)
    ]

    assert not [target for target in wrong if "one" not in target][:5]


@pytest.mark.parametrize(
    ("infinitive", "tense", "person", "form"),
    [
        ("manger", "present", 3, "mangeons"),
        ("manger", "imperfect", 4, "mangiez"),
        ("commencer", "imperfect", 1, "commençais"),
        ("acheter", "future", 2, "achètera"),
        ("préférer", "future", 2, "préférera"),
        ("préférer", "present", 0, "préfère"),
        ("appeler", "present", 1, "appelles"),
        ("nettoyer", "future", 5, "nettoieront"),
        ("envoyer", "conditional", 2, "enverrait"),
        ("finir", "imperfect", 3, "finissions"),
        ("vendre", "present", 2, "vend"),
        ("être", "imperfect", 5, "étaient"),
        ("convaincre", "present", 4, "convainquez"),
    ],
)
def test_verbs_are_conjugated(
    infinitive: str, tense: fr.FrenchTense, person: int, form: str
) -> None:
    """As in a grammar book."""
    assert fr.conjugate(infinitive, tense, person) == form


def test_every_verb_can_be_conjugated_and_has_objects_that_exist() -> None:
    """No class of nouns is misspelt in the list of verbs."""
    for verb in verbs():
        assert fr.conjugate(verb.french, "present", 2)
        assert set(verb.objects) <= nouns().keys()


def test_nobody_is_addressed_in_two_ways(pairs: list[SentencePair]) -> None:
    """Tu and vous never meet in one sentence."""
    familiar, polite = (
        re.compile(rf"\b({words})\b", re.IGNORECASE)
        for words in ("tu|te|toi|ton|ta|tes", "vous|votre|vos")
    )

    assert not [
        pair.source
        for pair in pairs
        if familiar.search(pair.source) and polite.search(pair.source.replace("rendez-vous", ""))
    ]


def test_pronouns_stand_between_a_verb_and_its_particle(pairs: list[SentencePair]) -> None:
    """Threw it away, never threw away it."""
    wrong = re.compile(r"\b(away|back|up|off) (it|them|him)\b")

    assert not [pair.target for pair in pairs if wrong.search(pair.target)]
