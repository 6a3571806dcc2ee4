"""Samplers that know which draw is next from the study alone, not from their own past.

Optuna's samplers begin anew in every process: a study that is resumed with the same seed repeats
the trials it has done. Here draw k is a function of the study's seed and of k, where k counts the
trials before that were drawn and not tried again after a failure. So it does not matter how often
a search was interrupted, or how many processes share it.
"""

from collections.abc import Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution, IntDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from bench.experiment.search import SearchConfig
from bench.search.attempts import FIXED, SURPLUS
from bench.search.space import build_space, draw_point
from bench.seeding import stream_seed


class NumberedSampler(BaseSampler):
    """Draws the settings of a trial by its number."""

    def __init__(self, config: SearchConfig) -> None:
        """Know the space and the seed."""
        self._config = config
        self._space = build_space(config.space)

    def draw_in_order(self, names: Sequence[str]) -> None:
        """Draw settings in the order in which the study began, however the file lists them now."""
        self._space = {name: self._space[name] for name in names}

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """Return the whole space: all settings are drawn together."""
        return dict(self._space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw all settings of a trial."""
        if FIXED in trial.system_attrs:
            return {}
        # Of the whole study: a pruner may show a part of it, as Hyperband does of its brackets.
        trials = study._storage.get_all_trials(study._study_id, deepcopy=False)
        earlier = [
            other
            for other in trials
            if other.number < trial.number
            and (other.params or other.state == TrialState.RUNNING)  # another process draws it now
            and FIXED not in other.system_attrs
            and SURPLUS not in other.user_attrs
        ]
        number, seed = len(earlier), self._config.seed
        if self._config.sampler != "tpe":
            return draw_point(self._config.sampler, self._space, seed=seed, number=number)
        tpe = TPESampler(seed=stream_seed(seed, "tpe", number) % 2**32, multivariate=True)
        return tpe.sample_relative(study, trial, search_space) or draw_point(
            "random", self._space, seed=seed, number=number
        )

    def sample_independent(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw what is outside the space: the seed and the number of a trial to be done again.

        They are given, but to a command that comes too late for the last one; its trial is
        surplus, so any number will do.
        """
        assert isinstance(param_distribution, IntDistribution), param_name
        return param_distribution.low
