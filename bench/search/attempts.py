"""Which trials of a study count: settings are tried again when a process dies on the way.

Optuna knows only trials. A trial that tries the settings of a failed one again says so in an
attribute, and only the last of such attempts counts.
"""

import optuna
from optuna.trial import FrozenTrial, TrialState

SURPLUS = "surplus"
"""Attribute of a trial that was one too many, since another process was faster."""
REFUSED = "refused"
"""Attribute of a trial whose settings do not go together: why."""
AGAIN = "again"
"""Attribute of a trial that tries the settings of a failed one again: the number of that one."""
KEY = "key"
"""Attribute of all trials with the same settings: by it their checkpoints and their record are
known, which other searches of the same name have too."""
DIED = "died"
"""Attribute of a trial whose process died."""
FIXED = "fixed_params"
"""Optuna's own attribute of a trial whose settings were given."""


def first_number(trial: FrozenTrial | optuna.Trial) -> int:
    """Return the number of the first trial with these settings."""
    return int(trial.user_attrs.get(AGAIN, trial.number))


def attempts(study: optuna.Study, number: int) -> list[FrozenTrial]:
    """Return all trials with the settings of one, which is the first of them."""
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if first_number(trial) == number]


def counted(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that count, in the order they were drawn.

    Not those tried again later, cut off before they had settings, refused, or one too many.
    """
    trials = study.get_trials(deepcopy=False)
    last = {first_number(trial): trial.number for trial in trials}
    found = [
        trial
        for trial in trials
        if last[first_number(trial)] == trial.number
        and not {SURPLUS, REFUSED} & trial.user_attrs.keys()
        and (trial.params or trial.state in {TrialState.WAITING, TrialState.RUNNING})
    ]
    return sorted(found, key=first_number)


def try_again(study: optuna.Study, trial: FrozenTrial | optuna.Trial) -> None:
    """Have the settings of a trial that failed tried once more."""
    settings = trial.params
    if isinstance(trial, FrozenTrial):  # cut off before it took what it was given
        settings = settings or trial.system_attrs.get(FIXED, {})
    if settings:
        known = {KEY: trial.user_attrs[KEY]} if KEY in trial.user_attrs else {}
        study.enqueue_trial(settings, user_attrs={AGAIN: first_number(trial), **known})
