"""A search as the commands see it: its studies, their finalists, and the tuned variants."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bench.errors import BenchError, ConfigError
from bench.experiment.search import SearchConfig
from bench.experiment.search_table import with_choices
from bench.model.config import SIZES
from bench.report.folders import own_folder
from bench.search.finalists import open_retrials, read_finalists, tuned
from bench.search.reading import read_study
from bench.search.record import SearchRecord
from bench.search.storage import Storage
from bench.search.study import VariantStudy
from bench.session.session import Planned, Session, with_seeds, with_variants
from bench.tracking.provenance import provenance

ASKED = "asked"
"""Attribute of a study: what the last command asked for, as JSON."""
ASKED_ABOUT = ("experiment", "profile", "corpus", "overrides", "seeds")
"""What of the selection is kept: all but where."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuning:
    """A search of an experiment's variants."""

    session: Session
    config: SearchConfig
    storage: Storage
    studies: Mapping[str, VariantStudy]
    """By variant."""

    def retrials(self) -> dict[str, VariantStudy]:
        """Open the studies of the best trials with fresh seeds, by variant.

        Raises:
            BenchError: when a variant has no trial that gave a score, or fewer than asked for.
        """
        short = [study.name for study in self.studies.values() if study.num_lacking()]
        if short:
            raise BenchError(
                f"{', '.join(short)}: not all of {self.config.trials} trials are done; python -m "
                f"bench search {self.session.experiment.name} --trials {self.config.trials} does "
                "the others"
            )
        empty = [study.name for study in self.studies.values() if not read_study(study).complete]
        if empty:
            raise BenchError(f"no trial of {', '.join(empty)} has given a score")
        specs = {spec.variant: spec for spec in self.session.specs}
        return {
            variant: open_retrials(self.storage, study, specs[variant])
            for variant, study in self.studies.items()
        }

    def finished_retrials(self) -> dict[str, VariantStudy]:
        """Open those studies where there is nothing left to be done.

        Raises:
            BenchError: when there is: the best of those that are done may not be the winner.
        """
        retrials = self.retrials()
        short = [study.name for study in retrials.values() if study.num_lacking()]
        if short:
            raise BenchError(
                f"{', '.join(short)}: not all of them are done; python -m bench search "
                f"{self.session.experiment.name} --resume does the others"
            )
        return retrials

    def record(self, retrials: Mapping[str, VariantStudy], *, importances: bool) -> SearchRecord:
        """Read what all studies came to."""
        return SearchRecord(
            config=self.config,
            studies={
                variant: read_study(study, importances=importances)
                for variant, study in self.studies.items()
            },
            finalists={
                variant: read_finalists(study, retrials[variant])
                for variant, study in self.studies.items()
            },
        )

    def tuned_session(self, record: SearchRecord) -> Session:
        """Return the experiment with each variant as its search's winner has it.

        Its seeds are as many as the experiment's, and none of those that chose.
        """
        missing = [variant for variant, found in record.finalists.items() if not found]
        if missing:
            raise BenchError(f"no finalist of {', '.join(missing)} has been trained again")
        seeds = self.config.comparison_seeds(len(self.session.experiment.seeds))
        session = with_seeds(self.session, seeds)
        specs = [
            tuned(
                spec,
                record.winner(spec.variant),
                self.config,
                study=self.studies[spec.variant].name,
            )
            for spec in session.specs
        ]
        experiment = replace(session.experiment, seeds=seeds)
        return replace(session, experiment=experiment, specs=specs)


def search_config(planned: Planned, choices: Mapping[str, Any]) -> SearchConfig:
    """Return an experiment's search with what the command line chose.

    Raises:
        ConfigError: when there is nothing to search, or not in this way.
    """
    config, name = planned.experiment.search, planned.experiment.name
    if not config.space:
        raise ConfigError(
            f"{name} has no search space; its file needs a table such as\n\n"
            "[search.space]\n"
            "training.learning_rate = {low = 1e-3, high = 1e-2, log = true}"
        )
    sized = [key for key in config.space if key in {f"model.{size}" for size in SIZES}]
    matched = [each.name for each in planned.experiment.variants.values() if each.match_parameters]
    if sized and matched:
        raise ConfigError(
            f"{name}: {', '.join(sized)} cannot be searched while {', '.join(matched)} must match "
            "another variant's parameters"
        )
    given = {key: value for key, value in choices.items() if value is not None}
    return with_choices(config, given, where="the command line")


def open_tuning(session: Session, config: SearchConfig, storage: Storage) -> Tuning:
    """Open the study of every variant, made if need be."""
    first = [spec for spec in session.specs if spec.seed == session.specs[0].seed]
    studies = {
        spec.variant: VariantStudy(storage, study_name(session, spec.variant, config), config, spec)
        for spec in first
    }
    return Tuning(session=session, config=config, storage=storage, studies=studies)


def open_recorded(session: Session, storage: Storage, objectives: str | None) -> Tuning:
    """Open an earlier search: the variants that it tuned, as the last command asked for them.

    Raises:
        BenchError: when there is none.
    """
    config = search_config(session, {"objectives": parse_objectives(objectives)})
    known = {study.study_name: study.user_attrs for study in storage.get_all_studies()}
    names = {
        variant: study_name(session, variant, config) for variant in session.experiment.variants
    }
    searched = [variant for variant, name in names.items() if ASKED in known.get(name, {})]
    if session.experiment.baseline not in searched:
        raise BenchError(
            f"no search of {session.experiment.name} is kept here; "
            f"python -m bench search {session.experiment.name} makes one"
        )
    asked = json.loads(known[names[session.experiment.baseline]][ASKED])
    config = with_choices(config, {"trials": asked["trials"]}, where="the search")
    session = with_variants(session, searched)
    if session.selection.seeds is None:
        session = with_seeds(session, range(1, asked["num_seeds"] + 1))
        seeds = tuple(dict.fromkeys(spec.seed for spec in session.specs))
        session = replace(session, experiment=replace(session.experiment, seeds=seeds))
    return open_tuning(session, config, storage)


def note_asked(tuning: Tuning, variants: str | None) -> None:
    """Keep in the studies what was asked for, so that it can be gone on with."""
    selection = tuning.session.selection
    asked = {name: getattr(selection, name) for name in ASKED_ABOUT} | {
        "variants": variants,
        "objectives": ",".join(tuning.config.objectives),
        "trials": tuning.config.trials,
        "num_seeds": len(tuning.session.experiment.seeds),
        "when": time.time(),
    }
    fingerprint = tuning.session.specs[0].data_fingerprint
    attributes = {
        ASKED: json.dumps(asked),
        "corpus.fingerprint": fingerprint,
        "git.commit": provenance().get("git.commit", ""),
    }
    for study in tuning.studies.values():
        for name, value in attributes.items():
            study.study.set_user_attr(name, value)


def last_asked(storage: Storage, experiment: str) -> dict[str, Any]:
    """Return what the last search command asked for, of one experiment or, without one, of any.

    Raises:
        BenchError: when there was none.
    """
    found = [
        json.loads(study.user_attrs[ASKED])
        for study in storage.get_all_studies()
        if ASKED in study.user_attrs
    ]
    found = [asked for asked in found if experiment in ("", asked["experiment"])]
    if not found:
        what = f" of {experiment}" if experiment else ""
        raise BenchError(
            f"--resume: no search{what} is kept here; --storage may name another place"
        )
    latest: dict[str, Any] = max(found, key=lambda asked: asked["when"])
    return latest


def study_name(session: Session, variant: str, config: SearchConfig) -> str:
    """Name a variant's study: `gru_vs_lstm/lstm`, and what is not as the experiment's file."""
    fingerprint = session.specs[0].data_fingerprint
    corpus = session.data[fingerprint].ledger.corpus if session.selection.corpus else ""
    own = own_folder(session.experiment.profile, corpus, adhoc=session.experiment.adhoc)
    objectives = " and ".join(config.objectives) if len(config.objectives) > 1 else ""
    apart = ", ".join(part for part in (own, objectives) if part)
    name = f"{session.experiment.name}/{variant}"
    return f"{name} ({apart})" if apart else name


def parse_objectives(text: str | None) -> tuple[str, ...] | None:
    """Read `--objectives`, names with commas between."""
    return None if text is None else tuple(part.strip() for part in text.split(","))
