"""Settings by dotted name, such as `model.cell`, checked against the classes that own them."""

import json
import math
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bench.data.config import DataConfig, VectorsConfig
from bench.errors import ConfigError, UnknownNameError
from bench.evaluation.config import EvaluationConfig
from bench.model.config import ModelConfig
from bench.training.config import TrainingConfig

SECTIONS: dict[str, type] = {
    "data": DataConfig,
    "vectors": VectorsConfig,
    "model": ModelConfig,
    "training": TrainingConfig,
    "evaluation": EvaluationConfig,
}
Settings = dict[str, Any]
"""Dotted names and values, such as `model.cell` and "lstm"."""


@cache
def schema_of(config: type) -> Mapping[str, Any]:
    """Return the JSON Schema of each key of a table."""
    properties: Mapping[str, Any] = TypeAdapter(config).json_schema()["properties"]
    return properties


def takes_fractions(name: str) -> bool:
    """Tell whether a setting may be any number, not whole ones alone."""
    section, _, key = name.partition(".")
    schema = schema_of(SECTIONS[section])[key]
    return any(kind.get("type") == "number" for kind in schema.get("anyOf", [schema]))


def known_keys() -> set[str]:
    """List the dotted names of all settings."""
    return {
        f"{section}.{name}" for section, config in SECTIONS.items() for name in field_names(config)
    }


def field_names(config: type) -> set[str]:
    """List the keys of a table."""
    return {field.name for field in fields(config)}


def as_toml(value: Any) -> str:
    """Write a setting's value as TOML does."""
    return "inf" if value == math.inf else json.dumps(value, ensure_ascii=False)


def check_table(name: str, found: Any, *, where: str) -> None:
    """Raise an error where something else stands in a table's place."""
    if not isinstance(found, dict):
        raise ConfigError(f"{where}: {name} is a table, written [{name}]; got {found!r}")


def refuse_unknown(
    kind: str, found: Mapping[str, Any], known: Collection[str], *, where: str
) -> None:
    """Raise an error that helps for the first name that is not known."""
    for name in found:
        if name not in known:
            raise UnknownNameError(kind, name, known, where=where)


def validate(
    config: type,
    values: Settings,
    *,
    section: str,
    where: str,
    places: Mapping[str, str] = MappingProxyType({}),
) -> object:
    """Make a config of values, or say which one is not allowed, and where it stands.

    Args:
        config: the class.
        values: by the names of its fields.
        section: what its keys begin with.
        where: what all of them belong to.
        places: where single keys stand, by dotted name.

    Raises:
        ConfigError: for the first value that is not allowed, or several that do not go together.
    """
    try:
        return config(**values)
    except ValidationError as error:
        problem, *others = error.errors()
        field = problem["loc"][:1]  # what follows is which of several kinds of value did not fit
        key = ".".join([section, *map(str, field)])
        messages = [each["msg"] for each in (problem, *others) if each["loc"][:1] == field]
        message = ", or: ".join(each.removeprefix("Value error, ") for each in messages)
        if field:
            given, where = f" = {problem['input']!r}", places.get(key, where)
        else:  # it is about several keys
            asked = any(each.startswith(f"{key}.") and places[each] == "--set" for each in places)
            given, where = "", "--set" if asked else where
        raise ConfigError(f"{where}: {key}{given}: {message}") from error


def flatten(table: Any, prefix: str = "") -> Settings:
    """Turn tables within tables into dotted names."""
    flat: Settings = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def parse_overrides(overrides: Sequence[str]) -> Settings:
    """Read `--set` settings, such as `model.hidden_size=128`."""
    settings: Settings = {}
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise ConfigError(
                f"--set: wanted KEY=VALUE, such as model.hidden_size=128, got {override!r}"
            )
        try:
            settings[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            settings[key.strip()] = text.strip()  # a bare word: model.cell=lstm
    refuse_unknown("key", settings, known_keys(), where="--set")
    return settings
