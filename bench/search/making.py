"""Making a study, or finding it again as it was made.

Trials of another space, sampler, seed, objective, pruner or budget are not such as this command's
will be: they are refused, since what is chosen among both would be no search of either.
"""

import json
import warnings
from collections.abc import Mapping
from hashlib import blake2b

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.storages import BaseStorage
from optuna.study import StudyDirection

from bench.errors import BenchError
from bench.evaluation.metrics import higher_is_better
from bench.experiment.search import PrunerName, SearchConfig
from bench.search.sampler import NumberedSampler

MADE_WITH, VARIANT, ORDER = "space", "variant", "order"
"""Attributes of a study."""


def open_study(
    storage: BaseStorage,
    name: str,
    config: SearchConfig,
    space: Mapping[str, BaseDistribution],
    *,
    variant: str,
) -> optuna.Study:
    """Open a study, or make it.

    Args:
        storage: where it is kept.
        name: of the study.
        config: of the search.
        space: what its trials have for parameters.
        variant: what tells the variant and its data from others.

    Raises:
        BenchError: when it was made with another space, sampler, seed, objective, pruner, number of
            epochs or variant.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ways = [higher_is_better(objective) for objective in config.objectives]
    sampler = NumberedSampler(config)
    study = optuna.create_study(  # one that is there keeps its directions, see below
        storage=storage,
        sampler=sampler,
        pruner=_build_pruner(config.pruner),
        study_name=name,
        directions=[
            StudyDirection.MAXIMIZE if higher else StudyDirection.MINIMIZE for higher in ways
        ],
        load_if_exists=True,
    )
    for attribute, value in ((MADE_WITH, _made_with(config, space)), (VARIANT, variant)):
        known = study.user_attrs.get(attribute)
        if known is None:
            study.set_user_attr(attribute, value)
        elif known != value:
            raise BenchError(_begun_otherwise(name))
    if ORDER not in study.user_attrs:
        study.set_user_attr(ORDER, list(config.space))
    sampler.draw_in_order(study.user_attrs[ORDER])
    with warnings.catch_warnings(category=ExperimentalWarning, action="ignore"):
        study.set_metric_names(list(config.objectives))  # for Optuna's pages
    return study


def study_digest(study: optuna.Study) -> str:
    """Tell a study from others of its name in other storages, which were made otherwise."""
    made = study.user_attrs[MADE_WITH] + study.user_attrs[VARIANT]
    return blake2b(made.encode(), digest_size=4).hexdigest()


def fixed_settings(config: SearchConfig) -> dict[str, object]:
    """Return what every trial has: the budget, and the score that selects its epoch."""
    fixed: dict[str, object] = {"evaluation.select_on": config.metric}
    if config.epochs is not None:
        fixed["training.epochs"] = config.epochs
    return fixed


def _made_with(config: SearchConfig, space: Mapping[str, BaseDistribution]) -> str:
    ways = {
        "space": {name: distribution_to_json(kind) for name, kind in space.items()},
        "drawn": [config.sampler, config.seed, config.pruner],
        "sought": config.objectives,
        "fixed": fixed_settings(config),
    }
    return json.dumps(ways, sort_keys=True)


def _begun_otherwise(name: str) -> str:
    return (
        f"the study {name!r} was begun with other settings or data, or another space, sampler, "
        "seed, objective, pruner or number of epochs; give this search a storage of its own with "
        "--storage, or undo that"
    )


def _build_pruner(name: PrunerName) -> BasePruner:
    pruners: dict[PrunerName, type[BasePruner]] = {
        "none": NopPruner,
        "median": MedianPruner,
        "hyperband": HyperbandPruner,
    }
    return pruners[name]()
