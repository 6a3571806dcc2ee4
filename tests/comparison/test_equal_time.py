"""Variants at equal training time."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.comparison.equal_time import differences_at_equal_time, validation_bleu_at
from bench.tracking.result import EpochRecord, RunResult
from tests.comparison.examples import result


def trained(variant: str, seconds: float, bleu: Sequence[float]) -> RunResult:
    """Make a run of epochs that took so long each, and reached these scores."""
    epochs = tuple(
        EpochRecord(epoch=epoch, metrics={"train/seconds": seconds, "validation/bleu": score})
        for epoch, score in enumerate(bleu, start=1)
    )
    return replace(result(variant, 1, 1.0), epochs=epochs, training_seconds=seconds * len(bleu))


@pytest.mark.parametrize(("seconds", "expected"), [(0, 0), (5, 2), (10, 4), (20, 4), (25, 6)])
def test_a_score_rises_evenly_and_never_falls(seconds: float, expected: float) -> None:
    """The model that was best so far is the one that would be kept."""
    assert validation_bleu_at(trained("a", 10, [4, 2, 8]), seconds) == pytest.approx(expected)


def test_two_are_read_where_the_faster_one_ends() -> None:
    """After 15 seconds the slow one has reached 4, and the fast one 7: whichever is the variant."""
    slow, fast = trained("a", 10, [4, 2, 8]), trained("b", 5, [3, 7, 6])

    assert differences_at_equal_time([slow, fast], [fast, slow]) == pytest.approx([-3, 3])
