"""What a trial is worth."""

from dataclasses import replace

import pytest

from bench.experiment.search import ObjectiveName
from bench.search.objectives import WORST, read_objective
from bench.tracking.result import EpochRecord
from tests.comparison.examples import result

RUN = replace(
    result("a", 1, 20.0),
    epochs=tuple(
        EpochRecord(epoch=epoch, metrics={"validation/bleu": bleu, "validation/loss": 9 - bleu})
        for epoch, bleu in enumerate((5.0, 9.0, 7.0), start=1)
    ),
    best_epoch=2,
    training_seconds=33.0,
    parameters=44,
)


@pytest.mark.parametrize(
    ("objective", "value"), [("bleu", 9.0), ("loss", 0.0), ("seconds", 33.0), ("parameters", 44.0)]
)
def test_a_trial_is_worth_its_best_epoch_and_costs_what_it_took(
    objective: ObjectiveName, value: float
) -> None:
    """And one that diverged is worth less than any, and costs more."""
    diverged = replace(RUN, outcome="diverged", best_epoch=0)

    assert read_objective(RUN, objective) == value
    assert read_objective(diverged, objective) == WORST[objective]
    worse = WORST[objective] < value if objective == "bleu" else WORST[objective] > value
    assert worse
