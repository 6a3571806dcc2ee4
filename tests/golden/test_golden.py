"""No change of the code changes what a run computes, unless it means to."""

import json
from pathlib import Path

import pytest

from tests.golden.first_steps import FILES, NUM_STEPS, first_losses, golden_file, processor

SAME_MACHINE, ANOTHER_MACHINE = 1e-6, 2e-2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_first_losses_are_those_written_down(path: Path) -> None:
    """To the last digit on the same kind of machine, within two per cent on another.

    After a change that is meant to change them: `python -m tests.golden.first_steps`, and say so.
    """
    golden = json.loads(golden_file(path).read_text("utf-8"))
    tolerance = SAME_MACHINE if golden["processor"] == processor() else ANOTHER_MACHINE

    found = first_losses(path)

    assert list(found) == list(golden["losses"])
    for variant, losses in golden["losses"].items():
        assert len(losses) == NUM_STEPS
        assert found[variant] == pytest.approx(losses, rel=tolerance), variant
