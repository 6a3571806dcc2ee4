"""Reading the [search] table: every name known, every value allowed, on every variant."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from bench.errors import ConfigError
from bench.experiment.schema import RunConfig, Variant
from bench.experiment.search import Choices, Range, SearchConfig
from bench.experiment.settings import (
    SECTIONS,
    Settings,
    check_table,
    field_names,
    known_keys,
    refuse_unknown,
    takes_fractions,
    validate,
)

AT_VECTORS = {"model.embedding_init", "model.embedding_init_sides"}
TUNABLE = ("model", "training")
"""Sections that a search may change: none that decides what is scored, or on which text."""


def read_search(table: Settings, variants: Mapping[str, Variant], *, where: str) -> SearchConfig:
    """Read [search], and try both ends of each range and every choice on every variant."""
    place = f"{where}, search"
    refuse_unknown("key", table, field_names(SearchConfig), where=place)
    check_table("search.space", table.get("space", {}), where=where)
    space = {
        name: _read_dimension(name, values, where=f"{place}.space")
        for name, values in _dimensions(table.get("space", {})).items()
    }
    _check_goes_through(space, variants, epochs=table.get("epochs"), where=f"{place}.space")
    tunable = {name for name in known_keys() if name.partition(".")[0] in TUNABLE}
    refuse_unknown("key", space, tunable, where=f"{place}.space")
    for name, dimension in space.items():
        _check_step(name, dimension, where=f"{place}.space")
        for variant in variants.values():
            for value in dimension.samples:
                with_settings(variant.config, {name: value}, where=f"{place}.space")
    # TOML has lists; what is frozen holds tuples.
    lists = {key: tuple(v) for key, v in table.items() if isinstance(v, list)}
    values = {**table, **lists, "space": space}
    found = validate(SearchConfig, values, section="search", where=place)
    assert isinstance(found, SearchConfig)
    return found


def with_choices(config: SearchConfig, choices: Settings, *, where: str) -> SearchConfig:
    """Change keys of a search.

    Raises:
        ConfigError: for a value that is not allowed there.
    """
    values = {name: getattr(config, name) for name in field_names(SearchConfig)}
    found = validate(SearchConfig, values | choices, section="search", where=where)
    assert isinstance(found, SearchConfig)
    return found


def _dimensions(table: Settings, prefix: str = "") -> Settings:
    """Return the tables that are a range or choices, by dotted name."""
    found: Settings = {}
    for key, value in table.items():
        nested = isinstance(value, dict) and not {"low", "high", "choices"} & value.keys()
        found |= _dimensions(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return found


def _read_dimension(name: str, values: Any, *, where: str) -> Range | Choices:
    kind = Choices if isinstance(values, dict) and "choices" in values else Range
    if not isinstance(values, dict):
        raise ConfigError(
            f"{where}: {name} = {values!r}: wanted {{low = …, high = …}} or {{choices = […]}}"
        )
    refuse_unknown("key", values, field_names(kind), where=f"{where}.{name}")
    # TOML has lists; what is frozen holds tuples.
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
    found = validate(kind, values, section=name, where=where)
    assert isinstance(found, Range | Choices)
    return found


def _check_goes_through(
    space: Settings, variants: Mapping[str, Variant], *, epochs: object, where: str
) -> None:
    """Refuse what a trial would not have in the end, though it were drawn."""
    begins_at_vectors = any(
        variant.config.model.embedding_init != "random" for variant in variants.values()
    )
    for name, dimension in space.items():
        if isinstance(dimension, Choices) and "auto" in dimension.choices:
            raise ConfigError(
                f"{where}: {name} = 'auto' is settled by the machine before a run has a name; "
                "choose among what it may be settled to"
            )
        if name in AT_VECTORS or (name == "model.embedding_dim" and begins_at_vectors):
            raise ConfigError(
                f"{where}: {name} decides which vectors a run begins at, and a search makes none; "
                "variants may differ in it"
            )
    if "training.epochs" in space and epochs is not None:
        raise ConfigError(f"{where}: training.epochs is drawn, and search.epochs says what it is")


def _check_step(name: str, dimension: Range | Choices, *, where: str) -> None:
    if not isinstance(dimension, Range) or isinstance(dimension.step, int | None):
        return
    if not takes_fractions(name):
        raise ConfigError(f"{where}: {name} is a whole number; its step is {dimension.step}")


def with_settings(config: RunConfig, settings: Settings, *, where: str) -> RunConfig:
    """Change settings of a run by dotted name.

    Raises:
        ConfigError: for a value that is not allowed there.
    """
    sections: dict[str, Any] = {}
    for section, kind in SECTIONS.items():
        own = {
            name.partition(".")[2]: value
            for name, value in settings.items()
            if name.partition(".")[0] == section
        }
        if own:
            values = asdict(getattr(config, section)) | own
            sections[section] = validate(kind, values, section=section, where=where)
    return replace(config, **sections)
