"""One study per variant: the same space, sampler and budget for each.

A study is the record of what was tried. Which trial is next, which were left behind by a process
that died, and how many are lacking is read from it each time, so that the same command may be
given again, or on several machines at once.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import optuna
from optuna.distributions import IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from bench.cache import alone_with
from bench.errors import ConfigError
from bench.experiment.planning import RunSpec
from bench.experiment.search import SearchConfig
from bench.experiment.search_table import with_settings
from bench.search.attempts import (
    AGAIN,
    DIED,
    FIXED,
    KEY,
    REFUSED,
    SURPLUS,
    attempts,
    counted,
    first_number,
    try_again,
)
from bench.search.lease import is_abandoned
from bench.search.making import fixed_settings, open_study, study_digest
from bench.search.objectives import read_objective
from bench.search.space import build_space
from bench.tracking.result import EpochRecord, RunResult

MOST_DEATHS = 3
MOST_REFUSALS = 100
"""Draws one after the other whose settings do not go together, before a search gives up."""
SEED, TRIAL = "seed", "trial"
"""Names, among the parameters of a trial that trains another one again, of what is no setting: the
seed it is trained with, and the other one's number. Settings have a dot in their names."""

Point = Mapping[str, Any]
"""The parameters of a trial."""


@dataclass(slots=True)
class RunningTrial:
    """A trial that this process is at work on."""

    trial: optuna.Trial
    spec: RunSpec
    pruned: bool = False


class VariantStudy:
    """The trials of one variant."""

    def __init__(
        self,
        storage: BaseStorage,
        name: str,
        config: SearchConfig,
        spec: RunSpec,
        *,
        points: Sequence[Point] | None = None,
    ) -> None:
        """Open the study, or make it.

        Args:
            storage: where it is kept.
            name: of the study.
            config: of the search.
            spec: of the variant, whose settings the trials change.
            points: what to try in place of draws from the space, each with its seed and trial.

        Raises:
            BenchError: when it was made with another space, sampler, seed, objective, pruner or
                number of epochs, or when the variant cannot have so many.
        """
        with_settings(spec.config, fixed_settings(config), where=name)
        self.name = name
        self.config = config
        self._spec = replace(spec, seed=config.seed)
        self._points = points
        self._space = build_space(config.space)
        if points is not None:
            self._space |= {name: IntDistribution(0, 2**31 - 1) for name in (SEED, TRIAL)}
        self.study = open_study(storage, name, config, self._space, variant=self._spec.group)
        self.group = f"{name} {study_digest(self.study)}"
        """What its trials have in common in the record of all searches."""

    def next_trial(self, attributes: dict[str, str | float]) -> RunningTrial | None:
        """Ask for the next trial; None when as many as wanted are done or under way.

        Args:
            attributes: what marks it as this process's.

        Raises:
            ConfigError: when draw after draw has settings that do not go together.
        """
        # What is lacking is read before it is asked for: two at once would take the last one both.
        with alone_with("studies", self.group):
            self._retire_abandoned()
            for point in self._points or ():
                self.study.enqueue_trial(dict(point), skip_if_exists=True)
            return self._take_trial(attributes)

    def _take_trial(self, attributes: dict[str, str | float]) -> RunningTrial | None:
        refused = 0
        while self._lacks_one():
            trial = self.study.ask(self._space)
            for name, value in attributes.items():
                trial.set_user_attr(name, value)
            if self._is_surplus(trial):
                self._leave_out(trial)
                continue
            try:
                spec = self._spec_of(trial)
            except ConfigError as error:
                trial.set_user_attr(REFUSED, str(error))
                self.study.tell(trial, state=TrialState.FAIL)
                refused += 1
                if refused == MOST_REFUSALS:
                    raise
                continue
            if KEY not in trial.user_attrs:  # the first with its settings
                trial.set_user_attr(KEY, uuid4().hex[:12])
            self._remember_epochs(trial)
            return RunningTrial(trial, spec)
        return None

    def identity(self, trial: optuna.Trial | FrozenTrial) -> str:
        """Name a trial, as the record knows it: those with the same settings are one."""
        return f"{self.group} #{first_number(trial)} {trial.user_attrs.get(KEY, '')}".rstrip()

    def hear_epoch(self, running: RunningTrial, record: EpochRecord) -> bool:
        """Note an epoch's score, and say whether the trial is to go on."""
        if len(self.config.objectives) > 1:  # Optuna knows no intermediate values of several
            return True
        score = record.metrics[f"validation/{self.config.metric}"]
        try:
            running.trial.report(score, record.epoch)
        except UpdateFinishedTrialError:  # another machine took this one for dead and ended it
            return False
        running.pruned = running.trial.should_prune()
        return not running.pruned

    def hear_result(self, running: RunningTrial, result: RunResult) -> TrialState:
        """Note how a trial ended."""
        if running.pruned:
            return self._tell(running.trial, state=TrialState.PRUNED)
        values = [read_objective(result, objective) for objective in self.config.objectives]
        return self._tell(running.trial, values)

    def hear_failure(self, running: RunningTrial) -> None:
        """Note a trial that gave no result."""
        self._tell(running.trial, state=TrialState.FAIL)

    def hear_interruption(self, running: RunningTrial) -> None:
        """Note a trial that was left; it is tried again, unless it had ended before."""
        self._give_up(running.trial)

    def record_again(self, running: RunningTrial) -> None:
        """Have a trial tried again whose end could not be written to the record of runs."""
        try_again(self.study, running.trial)

    def revives(self, running: RunningTrial) -> bool:
        """Have a trial whose process or GPU died tried again; False if that happens too often.

        A model that is too large for the memory kills its process every time.
        """
        with suppress(UpdateFinishedTrialError):  # another machine took this one for dead
            running.trial.set_user_attr(DIED, True)
        tries = attempts(self.study, first_number(running.trial))
        deaths = sum(DIED in trial.user_attrs for trial in tries)
        if deaths < MOST_DEATHS:
            self.hear_interruption(running)
        return deaths < MOST_DEATHS

    def counted(self) -> list[FrozenTrial]:
        """Return the trials that count, in the order they were drawn."""
        return counted(self.study)

    def finished(self) -> list[FrozenTrial]:
        """Return the trials that count and have ended, of draws no more than are wanted.

        An earlier command may have wanted more of one variant than this one does of all: who has
        chosen among more has had more luck.
        """
        trials = self.counted()
        wanted = trials if self._points is not None else trials[: self.config.trials]
        return [trial for trial in wanted if trial.state.is_finished()]

    def num_uncounted(self) -> int:
        """Count the trials that have ended beyond those that are wanted."""
        ended = sum(trial.state.is_finished() for trial in self.counted())
        return ended - len(self.finished())

    def num_running(self) -> int:
        """Count the trials that somebody is at work on."""
        return sum(trial.state == TrialState.RUNNING for trial in self.counted())

    def num_lacking(self) -> int:
        """Count the trials that have not ended yet."""
        if self._points is None:
            return max(0, self.config.trials - len(self.finished()))
        known = [trial.params for trial in self.finished()]
        return sum(point not in known for point in self._points)

    def _tell(
        self,
        trial: optuna.Trial,
        values: Sequence[float] | None = None,
        state: TrialState | None = None,
    ) -> TrialState:
        """End a trial, unless another command took its owner for dead and ended it."""
        return self.study.tell(trial, values, state, skip_if_finished=True).state

    def _remember_epochs(self, trial: optuna.Trial) -> None:
        """Report what the attempt before had reported: a pruner asks for all epochs."""
        earlier = [
            each for each in attempts(self.study, first_number(trial)) if each.number < trial.number
        ]
        if earlier:
            for epoch, score in earlier[-1].intermediate_values.items():
                trial.report(score, epoch)

    def _spec_of(self, trial: optuna.Trial) -> RunSpec:
        settings = {name: value for name, value in trial.params.items() if "." in name}
        where = f"{self.name}, trial {trial.number}"
        config = with_settings(
            self._spec.config, {**settings, **fixed_settings(self.config)}, where=where
        )
        seed = trial.params.get(SEED, self._spec.seed)
        number = trial.params.get(TRIAL, trial.number)
        return replace(self._spec, config=config, seed=seed, trial=number)

    def _lacks_one(self) -> bool:
        trials = self.counted()
        wanted = trials if self._points is not None else trials[: self.config.trials]
        if any(trial.state == TrialState.WAITING for trial in wanted):
            return True
        return self._points is None and len(trials) < self.config.trials

    def _is_surplus(self, trial: optuna.Trial) -> bool:
        if self._points is None:
            first = first_number(trial)
            drawn_before = sum(first_number(other) < first for other in self.counted())
            return drawn_before >= self.config.trials
        given = self.study._storage.get_trial(trial._trial_id).system_attrs
        if FIXED not in given:  # a draw: another machine has taken the last point
            return True
        earlier = [other for other in self.counted() if other.number < trial.number]
        return any(other.params == trial.params for other in earlier)

    def _leave_out(self, trial: optuna.Trial) -> None:
        """End a trial that is one too many: a retry may be wanted when more trials are."""
        is_retry = AGAIN in trial.user_attrs and self._points is None
        if not is_retry:  # another process was faster
            trial.set_user_attr(SURPLUS, True)
        self._tell(trial, state=TrialState.FAIL)
        if is_retry:
            try_again(self.study, trial)

    def _retire_abandoned(self) -> None:
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if is_abandoned(trial):
                self._give_up(trial)

    def _give_up(self, trial: FrozenTrial | optuna.Trial) -> None:
        """End a trial, and have it tried again by nobody but who has ended it."""
        try:
            self.study.tell(trial.number, state=TrialState.FAIL)
        except (ValueError, RuntimeError):  # it had ended, or another command has just done so
            return
        try_again(self.study, trial)
