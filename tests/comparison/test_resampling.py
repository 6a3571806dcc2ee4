"""Scores on draws of test sentences, checked against sacreBLEU."""

import random
import time
from dataclasses import replace

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest

from bench.comparison.resampling import draw_weights, resample, score_draws
from bench.data.corpus import SentencePair
from bench.evaluation.metrics import TEXT_METRICS
from tests.comparison.examples import result

WORDS = [
    "where",
    "is",
    "the",
    "old",
    "station",
    "of",
    "this",
    "town",
    "and",
    "who",
    "took",
    "my",
    "keys",
    "there",
]
RNG = random.Random(3)
REFERENCES = [" ".join(RNG.choices(WORDS, k=RNG.randint(4, 12))) for _ in range(300)]
PAIRS = [SentencePair(f"phrase {number}", text) for number, text in enumerate(REFERENCES)]


def spoil(texts: list[str], share: float) -> tuple[str, ...]:
    """Replace a share of the words."""
    return tuple(
        " ".join(RNG.choice(WORDS) if RNG.random() < share else word for word in text.split())
        for text in texts
    )


RUNS = [
    replace(
        result(name, 1, 1.0),
        hypotheses=spoil(REFERENCES, share),
        sentence_losses=tuple(share * len(text) for text in REFERENCES),
        sentence_tokens=tuple(len(text.split()) for text in REFERENCES),
    )
    for name, share in (("a", 0.2), ("b", 0.25))
]


def test_the_interval_of_one_seed_is_sacrebleus_paired_bootstrap() -> None:
    """Of each system's score; its half-width is 1.96 deviations of the same distribution."""
    draws = resample(RUNS, PAIRS, lowercase=False, num_draws=4_000).scores["bleu"]

    systems = [(run.variant, list(run.hypotheses)) for run in RUNS]
    test = PairedTest(systems, {"bleu": BLEU()}, [REFERENCES], test_type="bs", n_samples=4_000)
    official = test()[1]["BLEU"]

    for run, theirs in zip(RUNS, official, strict=True):
        ours = draws[run.identity]
        assert np.quantile(ours, 0.975) - np.quantile(ours, 0.025) == pytest.approx(
            2 * theirs.ci, rel=0.06
        )
        assert ours.mean() == pytest.approx(theirs.mean, abs=0.1)
    p = np.mean(np.abs(draws["b1"] - draws["a1"] - (draws["b1"] - draws["a1"]).mean()) >= abs(
        official[1].score - official[0].score
    ))  # fmt: skip
    assert p == pytest.approx(official[1].p_value, abs=0.02)


def test_every_run_sees_the_same_draws_and_every_draw_is_a_test_split() -> None:
    """Counts, literally summed, scored by sacreBLEU; the loss likewise."""
    draws = resample(RUNS, PAIRS, lowercase=False, num_draws=3)

    rng_draws = score_draws(
        [np.eye(300, dtype=np.int64)[:, :1] for _ in RUNS],
        lambda totals: totals[..., 0],
        num_draws=3,
    )
    assert (rng_draws[:, 0] == rng_draws[:, 1]).all()
    weights = draw_weights(np.random.default_rng(1), 5, 300)
    assert weights.sum(1).tolist() == [300] * 5
    full = sum(RUNS[0].sentence_losses) / sum(RUNS[0].sentence_tokens)
    assert draws.scores["loss"]["a1"] == pytest.approx(full, rel=0.1)


def test_what_is_asked_three_times_is_drawn_together() -> None:
    """Sentences that share a side are no more evidence than one: the same draws of the same sum."""
    thrice = [
        replace(
            run,
            hypotheses=run.hypotheses * 3,
            sentence_losses=run.sentence_losses * 3,
            sentence_tokens=run.sentence_tokens * 3,
        )
        for run in RUNS
    ]
    asked = [
        SentencePair(f"{number}: {pair.source}", pair.target) for number in "123" for pair in PAIRS
    ]

    once = resample(RUNS, PAIRS, lowercase=False, num_draws=50)
    found = resample(thrice, asked, lowercase=False, num_draws=50)

    assert found.num_groups == once.num_groups == len(PAIRS)
    for metric, scores in once.scores.items():
        for identity, drawn in scores.items():
            np.testing.assert_allclose(found.scores[metric][identity], drawn, rtol=1e-5)


def test_ten_thousand_draws_of_twenty_runs_take_seconds() -> None:
    """Two variants, ten seeds, 1,500 sentences, in under five seconds on one core."""
    bleu = TEXT_METRICS.get("bleu", where="test")
    (once,) = bleu.statistics([RUNS[0].hypotheses], REFERENCES, lowercase=False)
    counts = [np.tile(once, (5, 1))] * 20

    started = time.process_time()
    scores = score_draws(counts, bleu.from_totals, num_draws=10_000)

    assert scores.shape == (10_000, 20)
    assert time.process_time() - started < 5
