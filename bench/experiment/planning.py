"""An experiment to its runs: every variant with every seed, in full detail."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import torch

from bench.data.config import DataConfig
from bench.data.corpus import shown_name
from bench.data.prepared import PreparedCorpus
from bench.data.vectors.preparation import PreparedVectors
from bench.errors import ConfigError
from bench.experiment.schema import Experiment, RunConfig, Variant
from bench.experiment.settings import as_toml
from bench.model.matching import match_parameters, parameters_of
from bench.seeding import stream_seed
from bench.training.device import resolve_precision

MARGIN, NO_MARGIN = "evaluation.equivalence_margin", 0.5
"""A setting that is no part of what a run is, and what stands for it in every run's digest."""
SCORE_VERSION = 3
"""Raise it when code of data, model, training or evaluation changes a score, or what comparisons
read of a run; not for a figure more that is kept beside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSpec:
    """One variant, one seed, nothing left open."""

    experiment: str
    profile: str
    variant: str
    seed: int
    config: RunConfig
    data_fingerprint: str
    adhoc: tuple[str, ...]
    vectors: PreparedVectors | None = None
    """Where embedding rows begin; None: at random."""
    trial: int | None = None
    """Its number, if a search made it; not part of what it is."""
    chosen_by: str = ""
    """Study and trial that chose its settings, if a search did; not part of what it is."""
    replica: int = 0
    """Which draws, beside the seed's batches."""

    @property
    def chance(self) -> int:
        """Return the seed of everything drawn in training but the batches, which seeds share."""
        return stream_seed(self.seed, "replica", self.replica) if self.replica else self.seed

    @property
    def identity(self) -> str:
        """Digest what decides the run's numbers; runs of one identity are the same run."""
        return _digest(self._settings() | {"seed": self.seed})

    @property
    def group(self) -> str:
        """Digest what a variant's seeds share."""
        return _digest(self._settings())

    @property
    def name(self) -> str:
        """Say which run it is, to a person."""
        seed = f"seed{self.seed}"
        if self.trial is not None:
            return f"{self.variant}-trial{self.trial}-{seed}"
        return f"{self.variant}-tuned-{seed}" if self.chosen_by else f"{self.variant}-{seed}"

    def params(self) -> dict[str, str]:
        """Return the resolved configuration by dotted name."""
        return {key: str(value) for key, value in self._flat().items()}

    def to_toml(self) -> str:
        """Write the resolved configuration as a TOML file of dotted keys."""
        lines = [f"# {self.experiment}, variant {self.variant}, seed {self.seed}"]
        lines += [f"{key} = {as_toml(value)}" for key, value in self._flat().items()]
        return "\n".join(lines) + "\n"

    def _flat(self) -> dict[str, Any]:
        sections = asdict(self.config).items()
        flat = {f"{section}.{key}": v for section, values in sections for key, v in values.items()}
        # What is on disk is known by its fingerprint; where somebody keeps it is nobody's affair.
        names = ("data.corpus", "vectors.source", "vectors.target")
        flat |= {name: shown_name(flat[name]) for name in names}
        return flat | ({"replica": self.replica} if self.replica else {})

    def _settings(self) -> dict[str, Any]:
        without_data = {
            key: value for key, value in self._flat().items() if not key.startswith("data.")
        }
        return without_data | {
            MARGIN: NO_MARGIN,  # the margin judges results, and makes none
            "data": self.data_fingerprint,
            "vectors": self.vectors.digest if self.vectors else "",
            "version": SCORE_VERSION,
        }


def plan(
    experiment: Experiment,
    prepared: Mapping[DataConfig, PreparedCorpus],
    *,
    device: torch.device,
    vectors: Mapping[str, PreparedVectors] = MappingProxyType({}),
) -> list[RunSpec]:
    """List the runs, seed by seed, so that whatever is finished early can be compared.

    Args:
        experiment: what is compared.
        prepared: the prepared data of every data config in it.
        device: where the runs will compute; it settles the precision `auto`.
        vectors: by variant, for those whose embeddings begin at some.
    """
    configs = {
        name: _resolve(variant, experiment, prepared, device)
        for name, variant in experiment.variants.items()
    }
    return [
        RunSpec(
            experiment=experiment.name,
            profile=experiment.profile,
            variant=name,
            seed=seed,
            config=config,
            data_fingerprint=prepared[config.data].fingerprint,
            vectors=vectors.get(name),
            replica=experiment.variants[name].replica,
            adhoc=tuple(experiment.adhoc),
        )
        for seed in experiment.seeds
        for name, config in configs.items()
    ]


def _resolve(
    variant: Variant,
    experiment: Experiment,
    prepared: Mapping[DataConfig, PreparedCorpus],
    device: torch.device,
) -> RunConfig:
    config = variant.config
    model = config.model
    if variant.match_parameters:
        other = experiment.variants[variant.match_parameters].config
        goal = parameters_of(other.model, **_vocabularies(prepared[other.data]))
        try:
            model = match_parameters(model, goal, **_vocabularies(prepared[config.data]))
        except ConfigError as error:
            raise ConfigError(f"{experiment.name}, {variant.name}: {error}") from error
    precision = resolve_precision(config.training.precision, device)
    return replace(config, model=model, training=replace(config.training, precision=precision))


def _vocabularies(prepared: PreparedCorpus) -> dict[str, int]:
    ledger = prepared.ledger
    return {"source_tokens": ledger.source_vocabulary, "target_tokens": ledger.target_vocabulary}


def _digest(settings: Mapping[str, Any]) -> str:
    text = json.dumps(settings, sort_keys=True)
    return blake2b(text.encode(), digest_size=10).hexdigest()
