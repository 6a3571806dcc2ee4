"""Splits that share no sentence."""

from bench.data.corpus import Corpus, SentencePair
from bench.data.splitting import connected_groups, sentence_key, separate

SHARES = {"validation_share": 0.2, "test_share": 0.2, "seed": 3}


def pairs_with_shared_sides(num_pairs: int) -> list[SentencePair]:
    return [SentencePair(f"fr {n // 2}", f"en {(n + 1) // 3}") for n in range(num_pairs)]


def test_case_accents_and_punctuation_do_not_make_another_sentence() -> None:
    """Sentences that differ in these alone have one key; other words have another."""
    assert sentence_key("Où est-il ?") == sentence_key("ou est il")
    assert sentence_key("Où est-il ?") != sentence_key("Où est-elle ?")
    assert sentence_key("?") != sentence_key("!")


def test_pairs_that_share_a_side_are_one_group() -> None:
    """Also through a third pair; others are groups of their own."""
    pairs = [
        SentencePair("a", "x"),
        SentencePair("b", "x"),
        SentencePair("b", "y"),
        SentencePair("c", "z"),
    ]

    groups = connected_groups(pairs)

    assert len(set(groups[:3])) == 1
    assert groups[3] != groups[0]


def test_no_sentence_is_in_two_splits() -> None:
    """On neither side; and every distinct pair is somewhere."""
    pairs = [SentencePair(f"fr {n}", f"en {n // 3}") for n in range(600)]

    split = separate(Corpus(train=[*pairs, pairs[0]]), **SHARES)

    parts = (split.corpus.train, split.corpus.validation, split.corpus.test)
    for column in (0, 1):
        keys = [{sentence_key(pair[column]) for pair in part} for part in parts]
        assert not keys[0] & keys[1]
        assert not keys[0] & keys[2]
        assert not keys[1] & keys[2]
    assert sum(map(len, parts)) == 600
    assert split.duplicates == 1
    assert 60 < len(split.corpus.test) < 180


def test_each_split_has_its_own_share() -> None:
    """Validation a small one here, test a large one."""
    pairs = [SentencePair(f"fr {n}", f"en {n}") for n in range(1000)]

    split = separate(Corpus(train=pairs), validation_share=0.05, test_share=0.3, seed=3).corpus

    assert len(split.validation) < 90
    assert len(split.test) > 220


def test_the_split_does_not_depend_on_the_order_of_the_pairs() -> None:
    """The same pairs, read backwards, fall into the same splits."""
    pairs = pairs_with_shared_sides(300)

    forwards = separate(Corpus(train=pairs), **SHARES).corpus
    backwards = separate(Corpus(train=pairs[::-1]), **SHARES).corpus

    assert set(forwards.test) == set(backwards.test)


def test_leaks_leave_the_training_split_of_a_corpus_with_its_own_splits() -> None:
    """A training pair goes if validation or test holds either side of it; they stay as they are."""
    corpus = Corpus(
        train=[
            SentencePair("Un !", "one"),
            SentencePair("deux", "TWO"),
            SentencePair("trois", "three"),
            SentencePair("trois", "three"),
        ],
        validation=[SentencePair("un", "other")],
        test=[SentencePair("autre", "two")],
    )

    separated = separate(corpus, **SHARES)

    assert separated.corpus.train == [SentencePair("trois", "three")]
    assert separated.duplicates == 1
    assert separated.leaked == 2
    assert separated.corpus.test == corpus.test
