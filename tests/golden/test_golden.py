"""No change of the code changes what a run computes, unless it means to."""

import json
from pathlib import Path

import pytest

from bench.training.config import TrainingConfig
from tests.golden.first_steps import FILES, NUM_STEPS, first_losses, golden_file, training_of

FED, FREE, NARROW = 1e-5, 2e-3, 2e-2
"""How far losses may be from those written down, on any processor. Of two as good as equal guesses
a last digit chooses; and in bfloat16 compiled passes do not round where torch does."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_first_losses_are_those_written_down(path: Path) -> None:
    """To the last digits in float32: a Zen 1 and an EPYC with AVX-512 agree to 3e-7.

    After a change that is meant to change them: `python -m tests.golden.first_steps`, and say so.
    """
    golden = json.loads(golden_file(path).read_text("utf-8"))

    found = first_losses(path)

    assert list(found) == list(golden["losses"])
    for variant, losses in golden["losses"].items():
        assert len(losses) == NUM_STEPS
        allowed = tolerance(training_of(path, variant))
        assert found[variant] == pytest.approx(losses, rel=allowed), variant


def tolerance(config: TrainingConfig) -> float:
    if config.precision != "float32":
        return NARROW
    return FED if config.teacher_forcing == 1 else FREE
