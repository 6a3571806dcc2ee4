"""Pieces of words."""

import pytest

from bench.data.config import DataConfig
from bench.data.preparation import prepare
from bench.data.subwords import PieceCutter, join_pieces, learn_pieces
from bench.data.tokenization import detokenize
from bench.errors import ConfigError

TEXTS = ["Où est le chat ?", "Où est la chatte ?", "Le chaton dort-il ?", "Qui dort ?"] * 20


def test_pieces_join_to_the_text() -> None:
    """Whatever the text, seen or not."""
    cutter = PieceCutter(learn_pieces(TEXTS, size=40, lowercase=True), lowercase=True)

    for text in ("où est le chaton ?", "qui est-il ?"):
        assert join_pieces(cutter.cut(text)) == text
        assert detokenize(cutter.cut(text), tokenization="sentencepiece") == text
    assert cutter.cut("LE CHAT") == cutter.cut("le chat")


def test_fewer_pieces_than_characters_are_refused() -> None:
    """Saying how many the text has."""
    letters = "".join(map(chr, range(0x3B1, 0x3B1 + 20)))

    with pytest.raises(ConfigError, match=r"subword_vocabulary = 12: the characters .* are \d+"):
        learn_pieces([letters] * 20, size=12, lowercase=True)


def test_a_text_without_a_character_is_refused() -> None:
    """Of one's own, that is nothing but spaces as SentencePiece sees it."""
    with pytest.raises(ConfigError, match=r"nothing can be learnt from this text \(INTERNAL"):
        learn_pieces(["▁", "▁▁"], size=100, lowercase=True)


def test_learning_is_the_same_every_time() -> None:
    """The model is part of the prepared data."""
    assert learn_pieces(TEXTS, size=40, lowercase=True) == learn_pieces(
        TEXTS, size=40, lowercase=True
    )


def test_pieces_are_learnt_from_the_training_split() -> None:
    """Prepared data in pieces: a small vocabulary, hardly anything unknown, the text untouched."""
    words = prepare(DataConfig(generated_pairs=600))
    pieces = prepare(
        DataConfig(generated_pairs=600, tokenization="sentencepiece", subword_vocabulary=300)
    )

    assert len(pieces.source_vocabulary) <= 304
    assert pieces.ledger.test_source_unknown < words.ledger.test_source_unknown
    assert pieces.source_pieces is not None
    assert [pair.target for pair in pieces.load_split("test").pairs] == [
        pair.target for pair in words.load_split("test").pairs
    ]
    split = pieces.load_split("test").target
    first = split.token_ids[split.offsets[0] : split.offsets[1]].tolist()
    said = detokenize(pieces.target_vocabulary.decode(first), tokenization="sentencepiece")
    assert said == pieces.load_split("test").pairs[0].target.lower()


def test_unseen_words_can_be_listed() -> None:
    """At the end of the vocabulary: training never meets them."""
    usual = prepare(DataConfig(generated_pairs=600))
    listed = prepare(DataConfig(generated_pairs=600, unseen_source_words="listed"))
    train = listed.load_split("train").source.token_ids

    assert usual.ledger.test_source_unknown > 0
    assert listed.ledger.test_source_unknown == 0
    assert len(listed.source_vocabulary) > len(usual.source_vocabulary)
    assert train.max() < len(usual.source_vocabulary)
