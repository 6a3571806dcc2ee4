"""BLEU by length of the source."""

from dataclasses import replace

import pytest
from sacrebleu import corpus_bleu

from bench.comparison.by_length import MIN_SENTENCES, bleu_by_length
from bench.data.corpus import SentencePair
from tests.comparison.examples import result

SHORT = [SentencePair("où est-il ?", f"where is the cat number {n}?") for n in range(30)]
LONG = [SentencePair("mot " * 25, f"a much longer sentence with number {n}") for n in range(25)]
FEW = [SentencePair("sept mots et puis encore un ?", "few")] * (MIN_SENTENCES - 1)
PAIRS = [*SHORT, *LONG, *FEW]


def test_each_class_is_scored_by_itself() -> None:
    """Mean over seeds, as sacreBLEU has it; a class of a few sentences gives no figure."""
    good = [pair.target for pair in PAIRS]
    bad = [text.replace("number", "x") for text in good]
    runs = [
        replace(result("a", seed, 1.0), hypotheses=tuple(texts))
        for seed, texts in enumerate((good, bad))
    ]

    short, long = bleu_by_length({"a": runs, "b": [result("b", 1, None)]}, PAIRS, lowercase=True)

    assert (short.label, short.num_sentences) == ("1–5", 30)
    assert (long.label, long.num_sentences) == ("over 20", 25)
    for found, first, last in ((short, 0, 30), (long, 30, 55)):
        score = corpus_bleu(bad[first:last], [good[first:last]], lowercase=True).score
        assert found.bleu == {"a": pytest.approx((100 + score) / 2)}
