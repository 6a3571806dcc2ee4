"""The best trials of each study, trained again with seeds that the search never saw.

The best of many trials is partly luck. What they are worth is what fresh seeds say; the winner is
chosen by those, and compared with yet other seeds, which have chosen nothing.
"""

from dataclasses import replace

from optuna.storages import BaseStorage
from optuna.trial import TrialState

from bench.experiment.planning import RunSpec
from bench.experiment.search import SearchConfig
from bench.experiment.search_table import with_settings
from bench.search.reading import read_study, seconds_of
from bench.search.record import Finalist, total_seconds
from bench.search.study import SEED, TRIAL, VariantStudy


def open_retrials(storage: BaseStorage, searched: VariantStudy, spec: RunSpec) -> VariantStudy:
    """Open the study of a search's best trials with fresh seeds, a trial for each.

    Args:
        storage: where the search is kept.
        searched: its study.
        spec: of the variant.
    """
    config = searched.config
    points = [
        {**trial.settings, SEED: seed, TRIAL: trial.number}
        for seed in config.retrial_seeds
        for trial in read_study(searched).top(config.finalists)
    ]
    return VariantStudy(
        storage,
        f"{searched.name}, fresh seeds",
        replace(config, pruner="none"),
        spec,
        points=points,
    )


def read_finalists(searched: VariantStudy, retrials: VariantStudy) -> list[Finalist]:
    """Return the finalists with their fresh scores, the best in the search first.

    One that lacks a fresh score, since its training failed, is left out: a mean over fewer seeds is
    no fair one. Seeds beyond those asked for, of an earlier command, do not count: they may be
    among those that the winners are compared with.
    """
    seeds = set(searched.config.retrial_seeds)
    done = [trial for trial in retrials.finished() if trial.state == TrialState.COMPLETE]
    finalists = []
    for trial in read_study(searched).top(searched.config.finalists):
        again = [
            other
            for other in done
            if trial.number == other.params[TRIAL] and other.params[SEED] in seeds
        ]
        fresh = {other.params[SEED]: other.values[0] for other in again}
        if set(fresh) == seeds:
            seconds = total_seconds([seconds_of(retrials.study, other) for other in again])
            finalists.append(
                Finalist(trial=trial, fresh=dict(sorted(fresh.items())), seconds=seconds)
            )
    return finalists


def tuned(spec: RunSpec, winner: Finalist, config: SearchConfig, *, study: str) -> RunSpec:
    """Give a run the settings of a search's winner."""
    settings = {**winner.trial.settings, "evaluation.select_on": config.metric}
    chosen_by = f"{study}, trial {winner.trial.number}"
    return replace(
        spec,
        config=with_settings(spec.config, settings, where=chosen_by),
        chosen_by=chosen_by,
    )
