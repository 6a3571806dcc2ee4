"""From results to statements."""

from collections.abc import Sequence

import pytest

from bench.comparison.comparison import Comparison, compare
from bench.comparison.wording import answer
from bench.tracking.result import EpochRecord, RunResult


def result(variant: str, seed: int, bleu: float | None) -> RunResult:
    """Make a result with this test BLEU, or a diverged one."""
    test = (
        {}
        if bleu is None
        else {"bleu": bleu, "chrf": 50.0, "loss": 1.5, "sentences_per_second": 9.0}
    )
    return RunResult(
        identity=f"{variant}{seed}",
        variant=variant,
        seed=seed,
        outcome="diverged" if bleu is None else "finished",
        detail="",
        parameters=1000,
        best_epoch=1,
        epochs=(EpochRecord(epoch=1, metrics={"validation/bleu": 1.0}),),
        test=test,
        signatures={"bleu": "case:lc"} if test else {},
        hypotheses=(),
        sentence_losses=(),
        sentence_tokens=(),
        training_seconds=10.0,
        pairs_per_second=500.0,
        peak_memory_bytes=1,
        device="cpu",
        precision="float32",
    )


def comparison(a: Sequence[float | None], b: Sequence[float | None]) -> Comparison:
    results = {
        name: [result(name, seed, bleu) for seed, bleu in enumerate(scores)]
        for name, scores in (("a", a), ("b", b))
    }
    return compare("Does it?", results, baseline="a", margin=0.5)


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

    assert "So many seeds find a difference of" in sentence
    assert "the one observed would take" in sentence


def test_only_common_seeds_are_paired_and_diverged_runs_are_counted() -> None:
    """A run without a score is an outcome, not a gap."""
    found = comparison([20, 21, 22, 23], [21, None, 23.1, 24])

    row = found.rows[1]

    assert (row.num_finished, row.num_diverged) == (3, 1)
    assert row.difference is not None
    assert row.difference.num_seeds == 3
    assert row.difference.bleu.estimate == pytest.approx((1 + 1.1 + 1) / 3)
    assert found.confidence == 0.95
