"""From a study to its record."""

from collections.abc import Sequence

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from bench.evaluation.metrics import higher_is_better
from bench.search.attempts import attempts, first_number
from bench.search.lease import MARK_SECONDS, SEEN
from bench.search.record import State, StudyRecord, TrialRecord, total_seconds
from bench.search.study import VariantStudy

STATES: dict[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
FEWEST_FOR_IMPORTANCES = 8
"""Complete trials; with fewer even a hint is none."""


def read_study(found: VariantStudy, *, importances: bool = False) -> StudyRecord:
    """Read what a study came to.

    Args:
        found: the study.
        importances: estimate which settings matter, which takes a second.
    """
    objectives = found.config.objectives
    trials = [_read_trial(found.study, trial, found.identity(trial)) for trial in found.finished()]
    return StudyRecord(
        name=found.name,
        group=found.group,
        objectives=objectives,
        trials=trials,
        front=_front(trials, objectives) if len(objectives) > 1 else (),
        importances=_importances(found.finished()) if importances else {},
        num_uncounted=found.num_uncounted(),
    )


def _front(trials: Sequence[TrialRecord], objectives: Sequence[str]) -> list[int]:
    """Return the numbers of the trials that no other is as good as in all ways, and better in one.

    Optuna's own front is that of all its trials, of which some may not count.
    """
    signs = [1 if higher_is_better(objective) else -1 for objective in objectives]
    worth = {
        trial.number: [sign * value for sign, value in zip(signs, trial.values, strict=True)]
        for trial in trials
        if trial.state == "complete"
    }

    def beats(one: Sequence[float], other: Sequence[float]) -> bool:
        return one != other and all(a >= b for a, b in zip(one, other, strict=True))

    return sorted(
        number
        for number, own in worth.items()
        if not any(beats(other, own) for other in worth.values())
    )


def _read_trial(study: optuna.Study, trial: FrozenTrial, identity: str) -> TrialRecord:
    state = STATES[trial.state]
    values = tuple(trial.values) if state == "complete" else ()
    return TrialRecord(
        number=trial.number,
        identity=identity,
        state=state,
        settings=dict(trial.params),
        values=values,
        seconds=seconds_of(study, trial),
    )


def seconds_of(study: optuna.Study, trial: FrozenTrial) -> float | None:
    """Return what a trial took, and what the attempts at it did that came to nothing."""
    tries = attempts(study, first_number(trial))
    return total_seconds([_seconds_of(each) for each in tries if each.datetime_start])


def _seconds_of(attempt: FrozenTrial) -> float | None:
    if attempt.duration is None:
        return None
    seconds, seen = attempt.duration.total_seconds(), attempt.user_attrs.get(SEEN)
    if attempt.state != TrialState.FAIL or seen is None or attempt.datetime_start is None:
        return seconds
    # Whoever found it left behind may have come long after.
    return min(seconds, float(seen) - attempt.datetime_start.timestamp() + MARK_SECONDS)


def _importances(trials: Sequence[FrozenTrial]) -> dict[str, float]:
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if len(complete) < FEWEST_FOR_IMPORTANCES or len({trial.values[0] for trial in complete}) < 2:
        return {}
    study = optuna.create_study(directions=["maximize"] * len(complete[0].values))  # in memory
    study.add_trials(complete)
    # Optuna's default, PED-ANOVA, put a weak setting first at thirty trials.
    return get_param_importances(
        study,
        evaluator=FanovaImportanceEvaluator(seed=0),
        target=lambda trial: trial.values[0],
    )
