"""Published effects beside ours."""

from dataclasses import replace
from statistics import fmean
from typing import Literal

import pytest

from bench.comparison.resampling import METRICS
from bench.comparison.scorecard import keep_score
from bench.experiment.schema import Expectation
from tests.comparison.examples import comparison


@pytest.mark.parametrize(
    ("low", "high", "scores", "agreement"),
    [
        (0.8, 1.2, (21.0, 22.1, 22.9), "same sign, sizes compatible"),
        (0.8, 1.2, (25.0, 26.1, 26.9), "same sign, larger"),
        (5.0, 6.0, (21.0, 22.1, 22.9), "same sign, smaller"),
        (0.8, 1.2, (19.0, 20.1, 20.9), "opposite sign"),
        (0.8, 1.2, (15.0, 26.0, 24.0), "undetermined"),
        (4.0, 5.0, (20.1, 20.9, 22.0), "smaller"),
        (-5.0, -4.0, (20.1, 20.9, 22.0), "smaller"),
        (-0.4, 0.4, (20.1, 20.9, 22.0), "agrees"),
        (-0.4, 0.4, (15.0, 26.0, 24.0), "undetermined"),
        (-0.4, 0.4, (20.1,), "undetermined"),
        (-0.4, 0.4, (25.0, 26.1, 26.9), "above"),
        (-0.4, 0.4, (15.0, 16.1, 16.9), "below"),
        (4.0, None, (25.0, 26.1, 26.9), "same sign, sizes compatible"),
        (6.0, None, (25.0, 26.1, 26.9), "same sign, smaller"),
    ],
)
def test_the_interval_is_put_beside_the_published_range(
    low: float, high: float | None, scores: tuple[float, ...], agreement: str
) -> None:
    """Baseline 20, 21, 22 on three seeds."""
    expected = Expectation(variant="b", low=low, high=high, source="somebody")
    baseline = [20.0, 21.0, 22.0][: len(scores)]

    (score,) = keep_score([expected], comparison(baseline, scores))

    assert score.agreement == agreement
    assert score.ours is not None
    assert score.ours.estimate == pytest.approx(fmean(scores) - fmean(baseline))


def test_models_that_have_learnt_next_to_nothing_agree_with_nobody() -> None:
    """Both below two BLEU: the difference stands, and nothing is read into it."""
    expected = Expectation(variant="b", low=0.8, high=1.2, source="somebody")

    (score,) = keep_score([expected], comparison([0.0, 0.1, 0.2], [1.0, 1.2, 1.1]))

    assert score.agreement == "next to nothing learnt"
    assert score.ours is not None
    assert score.ours.low > 0


@pytest.mark.parametrize(("metric", "agreement"), [("bleu", "agrees"), ("loss", "undetermined")])
def test_a_range_around_zero_is_widened_by_the_margin_of_bleu(
    metric: Literal["bleu", "loss"], agreement: str
) -> None:
    """Half a BLEU counts as none; of a loss nothing of the kind is known."""
    expected = Expectation(variant="b", low=-0.1, high=0.1, source="somebody", metric=metric)
    found = comparison([20.0, 21.0, 22.0], [20.1, 20.9, 22.0])
    difference = found.rows[1].difference
    assert difference is not None
    alike = replace(difference, by_metric=dict.fromkeys(METRICS, difference.by_metric["bleu"]))
    rows = [found.rows[0], replace(found.rows[1], difference=alike)]

    (score,) = keep_score([expected], replace(found, rows=rows))

    assert score.agreement == agreement


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(10.0, None, "more than +10 BLEU"), (-0.4, 0.4, "-0.4 to +0.4 BLEU"), (3, 3, "+3 BLEU")],
)
def test_what_was_published_is_written_as_it_was(low: float, high: float | None, text: str) -> None:
    """A range, a figure, or a bound."""
    expected = Expectation(variant="b", low=low, high=high, source="somebody")

    (score,) = keep_score([expected], comparison([20], [21]))

    assert score.published == text


def test_what_was_not_run_is_said() -> None:
    """Nor a diverged one."""
    expected = Expectation(variant="b", low=1.0, high=2.0, source="somebody")

    (score,) = keep_score([expected], comparison([20], [None]))

    assert (score.ours, score.agreement) == (None, "no figure")
