"""From a study to its record."""

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from bench.search.record import State, StudyRecord, TrialRecord
from bench.search.study import VariantStudy, first_number

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
    return StudyRecord(
        name=found.name,
        objectives=found.config.objectives,
        trials=[_read_trial(trial) for trial in found.finished()],
        front=sorted(trial.number for trial in found.study.best_trials)
        if len(found.config.objectives) > 1
        else (),
        importances=_importances(found.study) if importances else {},
    )


def _read_trial(trial: FrozenTrial) -> TrialRecord:
    state = STATES[trial.state]
    values = tuple(trial.values) if state == "complete" else ()
    return TrialRecord(
        number=trial.number,
        drawn_as=first_number(trial),
        state=state,
        settings=dict(trial.params),
        values=values,
    )


def _importances(study: optuna.Study) -> dict[str, float]:
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < FEWEST_FOR_IMPORTANCES or len({trial.values[0] for trial in complete}) < 2:
        return {}
    # Optuna's default, PED-ANOVA, put a weak setting first at thirty trials.
    return get_param_importances(
        study,
        evaluator=FanovaImportanceEvaluator(seed=0),
        target=lambda trial: trial.values[0],
    )
