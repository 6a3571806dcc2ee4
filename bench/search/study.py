"""One study per variant: the same space, sampler and budget for each.

A study is the record of what was tried. Which trial is next, which were left behind by a process
that died, and how many are lacking is read from it each time, so that the same command may be
given again, or on several machines at once.
"""

import json
from dataclasses import dataclass, replace
from typing import NamedTuple

import optuna
from optuna.distributions import distribution_to_json
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from bench.errors import BenchError
from bench.evaluation.metrics import TEXT_METRICS
from bench.experiment.planning import RunSpec
from bench.experiment.search import PrunerName, SearchConfig
from bench.experiment.search_table import with_settings
from bench.search.lease import is_abandoned
from bench.search.sampler import AGAIN, NumberedSampler
from bench.search.space import build_space
from bench.tracking.result import EpochRecord, RunResult

SPACE, SURPLUS = "space", "surplus"
WORST = {"bleu": 0.0, "chrf": 0.0, "loss": 1e6}
"""Of a trial that diverged: an outcome, and a bad one."""


class Counts(NamedTuple):
    """Trials that have ended."""

    done: int
    pruned: int
    failed: int


@dataclass(slots=True)
class RunningTrial:
    """A trial that this process is at work on."""

    trial: optuna.Trial
    spec: RunSpec
    first_number: int
    """Of the first trial with these settings; its checkpoints are there."""
    pruned: bool = False


class VariantStudy:
    """The trials of one variant."""

    def __init__(
        self, storage: BaseStorage, name: str, config: SearchConfig, spec: RunSpec
    ) -> None:
        """Open the study, or make it.

        Args:
            storage: where it is kept.
            name: of the study.
            config: of the search.
            spec: of the variant, whose settings the trials change.

        Raises:
            BenchError: when it was made with another space, sampler or seed.
        """
        self.name = name
        self.config = config
        self._spec = replace(spec, seed=config.seed)
        self._space = build_space(config.space)
        self._metric = f"validation/{config.metric}"
        maximise = config.metric in TEXT_METRICS
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.study = optuna.create_study(
            storage=storage,
            sampler=NumberedSampler(config),
            pruner=_build_pruner(config.pruner),
            study_name=name,
            direction="maximize" if maximise else "minimize",
            load_if_exists=True,
        )
        self._check_same()

    def next_trial(self, attributes: dict[str, str | float]) -> RunningTrial | None:
        """Ask for the next trial; None when as many as wanted are done or under way.

        Args:
            attributes: what marks it as this process's.
        """
        self._retire_abandoned()
        while self._lacks_one():
            trial = self.study.ask(self._space)
            for name, value in attributes.items():
                trial.set_user_attr(name, value)
            if self._is_surplus(trial.number):  # another process was faster
                trial.set_user_attr(SURPLUS, True)
                self.study.tell(trial, state=TrialState.FAIL)
                continue
            config = with_settings(
                self._spec.config,
                {**trial.params, **self._fixed_settings()},
                where=f"{self.name}, trial {trial.number}",
            )
            spec = replace(self._spec, config=config, trial=trial.number)
            return RunningTrial(trial, spec, _first_number(trial))
        return None

    def hear_epoch(self, running: RunningTrial, record: EpochRecord) -> bool:
        """Note an epoch's score, and say whether the trial is to go on."""
        running.trial.report(record.metrics[self._metric], record.epoch)
        running.pruned = running.trial.should_prune()
        return not running.pruned

    def hear_result(self, running: RunningTrial, result: RunResult) -> TrialState:
        """Note how a trial ended."""
        if running.pruned:
            return self.study.tell(running.trial, state=TrialState.PRUNED).state
        value = WORST[self.config.metric]
        if result.outcome == "finished":
            value = result.epochs[result.best_epoch - 1].metrics[self._metric]
        return self.study.tell(running.trial, value).state

    def hear_failure(self, running: RunningTrial, *, died: bool) -> None:
        """Note a trial that gave no result; one whose process died is tried again."""
        self.study.tell(running.trial, state=TrialState.FAIL)
        if died:
            self._try_again(running.trial)

    def counted(self) -> list[FrozenTrial]:
        """Return the trials that count.

        Not those tried again later, cut off before they had settings, or one too many.
        """
        trials = self.study.get_trials(deepcopy=False)
        last = {_first_number(trial): trial.number for trial in trials}
        return [
            trial
            for trial in trials
            if last[_first_number(trial)] == trial.number
            and SURPLUS not in trial.user_attrs
            and (trial.params or trial.state in {TrialState.WAITING, TrialState.RUNNING})
        ]

    def finished(self) -> list[FrozenTrial]:
        """Return the trials that count and have ended."""
        return [trial for trial in self.counted() if trial.state.is_finished()]

    def counts(self) -> Counts:
        """Count what has been done."""
        states = [trial.state for trial in self.finished()]
        return Counts(len(states), states.count(TrialState.PRUNED), states.count(TrialState.FAIL))

    def figures(self) -> dict[str, float]:
        """Return what the study came to, as metrics by name."""
        counts, best = self.counts(), self.best()
        figures = {f"search/{name}": float(count) for name, count in counts._asdict().items()}
        if best is not None and best.value is not None:
            figures[f"search/best_{self.config.metric}"] = best.value
        return figures

    def summary(self) -> str:
        """Say which trial is the best, in Markdown."""
        best = self.best()
        if best is None:
            return f"{self.name}: no trial is complete."
        settings = ", ".join(f"`{name}` {value}" for name, value in best.params.items())
        return (
            f"{self.name}: best of {self.counts().done} trials is #{best.number}, validation "
            f"{self.config.metric} {best.value:.2f}, with {settings}."
        )

    def failures(self) -> list[str]:
        """Name the trials that gave no result and are not tried again."""
        failed = [trial for trial in self.finished() if trial.state == TrialState.FAIL]
        return [f"{self.name} #{trial.number}" for trial in failed]

    def best(self) -> FrozenTrial | None:
        """Return the trial with the best value; None before the first is complete."""
        complete = [trial for trial in self.counted() if trial.state == TrialState.COMPLETE]
        sign = 1 if self.config.metric in TEXT_METRICS else -1
        return max(complete, key=lambda trial: sign * (trial.value or 0.0), default=None)

    def _check_same(self) -> None:
        """Make sure that the study's earlier trials were drawn as this one's will be."""
        kinds = {name: distribution_to_json(kind) for name, kind in self._space.items()}
        made_with = json.dumps([self.config.sampler, self.config.seed, kinds], sort_keys=True)
        known = self.study.user_attrs.get(SPACE)
        if known is None:
            self.study.set_user_attr(SPACE, made_with)
        elif known != made_with:
            raise BenchError(
                f"the study {self.name!r} was begun with another space, sampler or seed; give this "
                "search a storage of its own with --storage, or undo the change"
            )

    def _lacks_one(self) -> bool:
        trials = self.counted()
        waiting = any(trial.state == TrialState.WAITING for trial in trials)
        return waiting or len(trials) < self.config.trials

    def _is_surplus(self, number: int) -> bool:
        return sum(trial.number < number for trial in self.counted()) >= self.config.trials

    def _retire_abandoned(self) -> None:
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if not is_abandoned(trial):
                continue
            try:
                self.study.tell(trial.number, state=TrialState.FAIL)
            except (ValueError, RuntimeError):  # another process has just done so
                continue
            self._try_again(trial)

    def _try_again(self, trial: FrozenTrial | optuna.Trial) -> None:
        if trial.params:
            self.study.enqueue_trial(trial.params, user_attrs={AGAIN: _first_number(trial)})

    def _fixed_settings(self) -> dict[str, object]:
        """Return what every trial has: the budget, and the score that selects its epoch."""
        fixed: dict[str, object] = {"evaluation.select_on": self.config.metric}
        if self.config.epochs is not None:
            fixed["training.epochs"] = self.config.epochs
        return fixed


def _first_number(trial: FrozenTrial | optuna.Trial) -> int:
    """Return the number of the first trial with these settings."""
    return int(trial.user_attrs.get(AGAIN, trial.number))


def _build_pruner(name: PrunerName) -> BasePruner:
    pruners: dict[PrunerName, type[BasePruner]] = {
        "none": NopPruner,
        "median": MedianPruner,
        "hyperband": HyperbandPruner,
    }
    return pruners[name]()
