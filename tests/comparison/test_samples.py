"""Sentences that variants translate differently."""

from dataclasses import replace

from bench.comparison.samples import differing_samples
from bench.data.corpus import SentencePair
from tests.comparison.examples import result

PAIRS = [SentencePair("un", "One cat."), SentencePair("deux", "Two dogs."), SentencePair("x", "Y")]


def test_what_is_translated_most_differently_stands_first() -> None:
    """Not what is translated best, nor worst, by all."""
    results = {
        "a": [replace(result("a", 1, 1.0), hypotheses=("One cat.", "Two dogs.", "no"))],
        "b": [replace(result("b", 1, 1.0), hypotheses=("One cat.", "four", "no"))],
    }

    first, *_ = differing_samples(results, PAIRS, lowercase=False)

    assert (first.source, first.reference) == ("deux", "Two dogs.")
    assert first.translations == {"a": "Two dogs.", "b": "four"}


def test_case_counts_where_the_text_has_it() -> None:
    """Two that differ in case alone are alike in lower-cased text."""
    results = {
        "a": [replace(result("a", 1, 1.0), hypotheses=("One cat.", "Two dogs.", "Y"))],
        "b": [replace(result("b", 1, 1.0), hypotheses=("One cow.", "TWO DOGS.", "Y"))],
    }

    assert differing_samples(results, PAIRS, lowercase=False)[0].source == "deux"
    assert differing_samples(results, PAIRS, lowercase=True)[0].source == "un"
