"""From results to statements."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bench.comparison.comparing import compare
from bench.comparison.comparison import Comparison
from bench.comparison.resampling import METRICS, Draws
from bench.comparison.statistics import estimate
from bench.comparison.wording import answer, method
from bench.errors import BenchError
from bench.tracking.result import RunResult
from tests.comparison.examples import NUM_SENTENCES, comparison, result, steady


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        ([20, 21, 22], [25.1, 26, 27.1], "b is better than a: +5.07 BLEU [+4.92, +5.21]"),
        ([25.1, 26, 27.1], [20, 21, 22], "b is worse than a: -5.07 BLEU"),
        ([20, 21, 22], [20.1, 21, 22.1], "b is equivalent to a within ±0.5 BLEU: +0.07"),
        ([20, 21, 22], [25, 20, 23], "undetermined whether b differs from a: +1.67 BLEU"),
        ([20], [25], "b: one seed is a smoke test, not a comparison (+5.00 BLEU against a)."),
        ([20], [None], "b: not comparable with a, no seed finished for both."),
    ],
)  # fmt: skip
def test_the_verdict_fixes_the_words(a: list[float], b: list[float | None], text: str) -> None:
    """Four verdicts and two refusals."""
    assert answer(comparison(a, b))[0].startswith(text)


def test_undetermined_says_what_more_seeds_would_do() -> None:
    """The smallest difference that could have been found, and the seeds for the observed one."""
    (sentence,) = answer(comparison([20, 21, 22], [25, 20, 23]))

    found = comparison([20, 21, 22], [25, 20, 23]).rows[1].difference
    assert found is not None
    assert found.seeds_needed != found.num_seeds
    assert f"So many seeds find a difference of {found.detectable:.2f} BLEU" in sentence
    assert f"as large as the observed would take {found.seeds_needed} seeds." in sentence
    (equivalent,) = answer(comparison([20, 21, 22], [20.1, 21, 22.1]))
    assert "as large as the observed" not in equivalent


def test_one_seed_hides_no_run_that_diverged() -> None:
    """Two of three came to nothing."""
    (sentence,) = answer(comparison([20, 21, 22], [25, None, None]))

    assert sentence.endswith("(+5.00 BLEU against a). 2 of 3 runs of b diverged.")


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ([20, 21, 22, 23], [25, 26.1, 27, None], "undetermined"),
        ([25, 26.1, 27, None], [20, 21, 22, 23], "undetermined"),
        ([20, 21, 22, 23], [20, 21.1, 22, None], "undetermined"),
        ([20, 21, 22, None], [20, 21.1, 22, 23], "undetermined"),
        ([25, 26.1, 27, 28], [20, 21, 22, None], "worse"),
        ([20, 21, 22, None], [25, 26.1, 27, 28], "better"),
        ([20, 21, 22, None], [25, 26.1, 27, None], "better"),
        ([20, 21, 22, None], [20, 21.1, 22, None], "equivalent"),
        ([20, 21, 22, 23, None], [15, 16.1, 17, 18], "worse"),  # seed 4 was never b's
        ([20, 21, 22, 23], [25, 26.1, 27, 28, None], "better"),
    ],
)
def test_those_that_are_left_do_not_speak_for_those_that_diverged(
    a: list[float | None], b: list[float | None], verdict: str
) -> None:
    """A side that lost more runs is neither better nor as good; it may be worse."""
    found = comparison(a, b)

    assert found.rows[1].difference is not None
    assert found.rows[1].difference.verdict == verdict
    assert found.decided == (verdict != "undetermined")


def test_what_those_that_are_left_would_say_is_said() -> None:
    """With how many there were."""
    (of_b,) = answer(comparison([20, 21, 22, 23], [25, 26.1, 27, None]))
    (of_a,) = answer(comparison([25, 26.1, 27, None], [20, 21, 22, 23]))

    assert of_b.startswith("undetermined whether b differs from a: +5.03 BLEU")
    assert of_b.endswith(
        "On the seeds that both finished b is better, but b lost more runs. "
        "1 of 4 runs of b diverged."
    )
    assert of_a.endswith(
        "On the seeds that both finished b is worse, but a lost more runs. "
        "1 of 4 runs of a diverged."
    )


def test_models_that_have_learnt_nothing_are_said_to_say_little() -> None:
    """Whatever the verdict, which stands."""
    (little,) = answer(comparison([0.1, 0.2, 0.1], [0.1, 0.1, 0.2]))
    (more,) = answer(comparison([20, 21, 22], [20.1, 21, 22.1]))
    (better,) = answer(comparison([0.1, 0.1, 0.1], [0.7, 0.71, 0.72]))
    (one,) = answer(comparison([0.1, 0.2, 0.1], [30, 0.1, 15]))

    assert "b is equivalent to a" in little
    assert "learnt next to nothing" in little
    assert "learnt next to nothing" not in more
    assert "b is better than a" in better
    assert "learnt next to nothing" in better
    assert "learnt next to nothing" not in one


def test_seeds_that_gave_the_same_do_not_say_what_others_would_show() -> None:
    """Nothing is found by a deviation of zero."""
    (sentence,) = answer(comparison([20, 21, 22], [20, 21, 22]))

    assert (
        sentence
        == "b is equivalent to a within ±0.5 BLEU: +0.00 BLEU [+0.00, +0.00], 3 paired seeds."
    )


def drawn(
    runs: Iterable[RunResult], luck: Mapping[str, NDArray[np.float64]], num_draws: int = 4000
) -> Draws:
    """Score runs on draws of sentences: each variant with its own luck, metrics in no way alike."""
    scale = dict(zip(METRICS, (1.0, 0.5, 0.02), strict=True))
    scores = {
        metric: {
            run.identity: run.test[metric]
            + scale[metric] * luck.get(run.variant, np.zeros(num_draws))
            for run in runs
        }
        for metric in METRICS
    }
    return Draws(scores, num_groups=NUM_SENTENCES)


def test_what_both_owe_to_the_sentences_moves_no_difference() -> None:
    """Scores have it in their intervals; what one alone owes to them stands in the difference."""
    results = {
        name: [result(name, seed, bleu) for seed, bleu in enumerate(scores)]
        for name, scores in (("a", [20, 21, 22]), ("b", [25.1, 26, 27.1]))
    }
    runs = [run for found in results.values() for run in found]
    luck = np.random.default_rng(1).normal(0, 2, 4000)
    luck = (luck - luck.mean()) / luck.std() * 2

    def compared(**by_variant: NDArray[np.float64]) -> Comparison:
        return compare("?", results, drawn(runs, by_variant), baseline="a", margin=0.5)

    shared, alone = compared(a=luck, b=luck), compared(b=luck)
    gains = [5.1, 5.0, 5.1]
    for found, deviation in ((shared, 0.0), (alone, 2.0)):
        difference = found.rows[1].difference
        assert difference is not None
        assert difference.sentence_deviation == pytest.approx(deviation, abs=1e-6)
        assert difference.seed_deviation == pytest.approx(np.std(gains, ddof=1))
        by_seeds = stats.t.isf(0.025, 2) * stats.sem(gains)
        by_sentences = stats.t.isf(0.025, NUM_SENTENCES - 1) * deviation
        reach = np.hypot(by_seeds, by_sentences * np.sqrt(NUM_SENTENCES / (NUM_SENTENCES - 1)))
        low, high = np.mean(gains) - reach, np.mean(gains) + reach
        assert difference.by_metric["bleu"][1:] == pytest.approx((low, high))
    for metric, middle, scale in (("chrf", 50.0, 0.5), ("loss", 1.5, 0.02)):
        of_a, of_b = (row.scores[metric] for row in alone.rows)
        reach = scale * 2 * stats.t.isf(0.025, NUM_SENTENCES - 1)
        reach *= np.sqrt(NUM_SENTENCES / (NUM_SENTENCES - 1))
        assert of_a[1:] == pytest.approx((middle, middle))
        assert of_b[1:] == pytest.approx((middle - reach, middle + reach))


def test_decided_is_only_what_is_decided_of_every_variant() -> None:
    """One that is clear does not speak for one that is not."""
    assert comparison([20, 21, 22], [25.1, 26, 27.1]).decided
    assert not comparison([20, 21, 22], [25.1, 26, 27.1], [25, 20, 23]).decided


def test_what_stands_beside_a_difference_is_at_its_share() -> None:
    """Of two variants, the clearer one is judged at half of five per cent, in every figure."""
    found = comparison([20, 21, 22], [25.1, 26, 27.1], [25, 20, 23])
    clear = found.rows[1].difference
    again = estimate([5.1, 5.0, 5.1], np.zeros((1, 3)), num_groups=NUM_SENTENCES)

    assert clear is not None
    assert clear.significance == pytest.approx(0.025)
    assert clear.p_value == pytest.approx(stats.ttest_1samp([5.1, 5.0, 5.1], 0).pvalue)
    assert clear.detectable == pytest.approx(again.detectable(significance=0.025))
    assert clear.seeds_needed == again.seeds_needed(significance=0.025)
    score = found.rows[0].scores["bleu"]
    assert score[1:] == pytest.approx(stats.t.interval(0.95, 2, 21, stats.sem([20, 21, 22])))
    tied = comparison([20, 21, 22], [20, 22, 23]).rows[1].difference
    assert tied is not None
    assert tied.sign_p_value == pytest.approx(stats.binomtest(2, 2).pvalue)


def test_costs_are_means_of_the_finished_runs() -> None:
    """Memory is the most of any; one that diverged early was cheap for nothing."""
    runs = [
        replace(
            result("a", seed, bleu),
            training_seconds=seconds,
            pairs_per_second=10 * seconds,
            peak_memory_bytes=memory,
        )
        for seed, bleu, seconds, memory in [(1, 20, 10, 7), (2, 21, 30, 5), (3, None, 2, 9)]
    ]
    runs[1] = replace(runs[1], test={**runs[1].test, "sentences_per_second": 19.0})

    (row,) = compare("?", {"a": runs}, steady(runs), baseline="a", margin=0.5).rows

    assert row.training_seconds == 20
    assert row.pairs_per_second == 200
    assert row.sentences_per_second == 14
    assert row.peak_memory_bytes == 7


def test_a_run_is_not_compared_with_itself() -> None:
    """Two variants of the same settings share their runs."""
    runs = [result("a", seed, 20.0 + seed) for seed in range(3)]
    both = {"a": runs, "b": [replace(run, variant="b") for run in runs]}

    found = compare("Does it?", both, steady(runs), baseline="a", margin=0.5)

    assert answer(found) == ["b and a have the same settings: they are the same runs."]
    assert found.rows[1].difference is not None
    assert found.rows[1].difference.verdict == "same runs"
    assert found.decided


def test_seconds_of_different_devices_are_said_not_to_compare() -> None:
    """A run on a GPU beside runs on a CPU."""
    results = {name: [result(name, seed, 20.0 + seed) for seed in range(3)] for name in "ab"}
    alike = [run for runs in results.values() for run in runs]
    draws = steady(alike)
    results["b"][0] = replace(results["b"][0], device="NVIDIA H100", precision="bfloat16")

    one = compare("Does it?", {"a": alike[:3], "b": alike[3:]}, draws, baseline="a", margin=0.5)
    two = compare("Does it?", results, draws, baseline="a", margin=0.5)

    assert "cannot be compared" not in method(one)
    assert "on NVIDIA H100 in bfloat16; cpu in float32: their seconds" in method(two)


def test_seconds_of_variants_that_differ_in_their_number_format_do_compare() -> None:
    """What `bfloat16` costs on one machine is what such an experiment asks."""
    runs = [result(name, seed, 20.0 + seed) for name in "ab" for seed in range(3)]
    draws = steady(runs)
    narrow = [replace(run, precision="bfloat16") for run in runs[3:]]

    found = compare("Does it?", {"a": runs[:3], "b": narrow}, draws, baseline="a", margin=0.5)

    assert found.computed_on == ["cpu"]
    assert "cannot be compared" not in method(found)


def test_a_run_that_is_the_baseline_s_own_makes_no_other_stricter() -> None:
    """There is nothing that could be found there by chance."""
    runs = {
        name: [result(name, seed, bleu) for seed, bleu in enumerate(scores)]
        for name, scores in {"a": [20.0, 21, 22], "b": [21.0, 22, 23.3]}.items()
    }
    both = {**runs, "c": [replace(run, variant="c") for run in runs["a"]]}
    draws = steady(run for found in runs.values() for run in found)

    alone, beside = (
        compare("Does it?", results, draws, baseline="a", margin=0.5).rows[1].difference
        for results in (runs, both)
    )

    assert alone is not None
    assert beside is not None
    assert alone.by_metric["bleu"] == beside.by_metric["bleu"]


def test_a_score_s_interval_ends_where_scores_do() -> None:
    """At 0 and 100."""
    low, high = (comparison(values, values).rows[0].scores["bleu"] for values in ([1, 3], [96, 98]))

    assert low.low == 0.0
    assert high.high == 100.0


def test_a_score_that_was_rounded_beyond_a_hundred_lies_in_its_interval() -> None:
    """Which plots take for granted."""
    score = comparison([99.9, 100.00000000000034]).rows[0].scores["bleu"]
    perfect = comparison([100.00000000000004] * 2).rows[0].scores["bleu"]

    assert score.low <= score.estimate <= score.high
    assert perfect.low <= perfect.estimate <= perfect.high


def test_only_common_seeds_are_paired_and_diverged_runs_are_counted() -> None:
    """A run without a score is an outcome, not a gap."""
    found = comparison([20, 21, 22, 23], [21, None, 23.1, 24])

    row = found.rows[1]

    assert (row.num_finished, row.num_diverged) == (3, 1)
    assert row.difference is not None
    assert row.difference.num_seeds == 3
    assert row.difference.by_metric["bleu"].estimate == pytest.approx((1 + 1.1 + 1) / 3)
    assert row.difference.significance == 0.05


def test_several_variants_share_the_permitted_error() -> None:
    """The clearer difference is judged at half of it, the other at all of it, as Holm has it."""
    found = comparison([20, 21, 22], [25.1, 26, 27.1], [20.4, 21.6, 22.5])

    clear, close = (row.difference for row in found.rows[1:])

    assert clear is not None
    assert close is not None
    assert clear.p_value < close.p_value
    assert (clear.significance, close.significance) == (0.025, 0.05)
    assert (clear.verdict, close.verdict) == ("better", "better")


def test_a_loss_is_compared_where_both_count_the_same_tokens() -> None:
    """Nats per token of words and of pieces of words are different things."""
    a = [result("a", seed, 20.0 + seed) for seed in range(3)]
    b = [
        replace(result("b", seed, 25.0 + seed), sentence_tokens=(2,) * len(a[0].sentence_tokens))
        for seed in range(3)
    ]

    found = compare("Does it?", {"a": a, "b": b}, steady([*a, *b]), baseline="a", margin=0.5)

    difference = found.rows[1].difference
    assert difference is not None
    assert set(difference.by_metric) == {"bleu", "chrf"}


def test_planned_looks_make_each_stricter_and_are_told() -> None:
    """An interval after several looks is wider than one of a single look."""
    runs = {
        name: [result(name, seed, bleu) for seed, bleu in enumerate(scores)]
        for name, scores in (("a", [20, 21, 22]), ("b", [25.1, 26, 27.1]))
    }
    draws = steady([run for found in runs.values() for run in found])

    once = compare("Does it?", runs, draws, baseline="a", margin=0.5)
    often = compare("Does it?", runs, draws, baseline="a", margin=0.5, looks=(3, 5, 8))

    assert often.rows[1].difference.by_metric["bleu"].low < once.rows[1].difference.by_metric["bleu"].low  # type: ignore[union-attr]  # fmt: skip  # noqa: E501
    assert "looks at 3, 5, 8 seeds" in method(often)
    assert "looks" not in method(once)


def test_a_loss_is_compared_on_one_vocabulary() -> None:
    """Of a smaller one, rare words are easy to guess: they are all the same unknown."""
    runs = {name: [result(name, seed, 20.0 + seed) for seed in range(3)] for name in ("a", "b")}
    draws = steady([run for found in runs.values() for run in found])

    found = compare(
        "Does it?", runs, draws, baseline="a", margin=0.5,
        target_vocabularies={"a": ["x", "y"], "b": ["x"]},
    )  # fmt: skip

    assert found.rows[1].difference is not None
    assert "loss" not in found.rows[1].difference.by_metric


def test_scores_with_and_without_case_are_not_compared() -> None:
    """They are not the same score."""
    a = [result("a", seed, 20.0 + seed) for seed in range(3)]
    b = [replace(result("b", seed, 25.0), signatures={"bleu": "case:mixed"}) for seed in range(3)]

    with pytest.raises(BenchError, match="different kinds"):
        compare("Does it?", {"a": a, "b": b}, steady([*a, *b]), baseline="a", margin=0.5)


def test_nothing_finished_is_an_answer_too() -> None:
    """Every run diverged: no figure, and it is said."""
    (sentence,) = answer(comparison([None, None], [None, None]))

    assert sentence == (
        "b: not comparable with a, no seed finished for both. 2 of 2 runs of b diverged. "
        "2 of 2 runs of a diverged."
    )
