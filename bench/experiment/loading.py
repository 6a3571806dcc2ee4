"""Experiment files: TOML, read strictly.

    question = "…"                the first line
    baseline = "gru"
    seeds = [1, 2, 3]

    [data] [vectors] [model] [training] [evaluation]      what all variants share
    [variants.NAME]                             what differs: model.cell = "lstm"
    [profiles.NAME]                             the same experiment at another size
    [expected.VARIANT]                          what was published: low, maybe high, source
    [search] [search.space]                     what may be tuned: NAME = {low, high} or {choices}

A variant overrides a profile, unless the profile speaks of that variant, in a table
[profiles.quick.variants.NAME].
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.data.corpus import shown_name
from bench.errors import BenchError, ConfigError, UnknownNameError
from bench.experiment.schema import Expectation, Experiment, RunConfig, Variant
from bench.experiment.search_table import read_search
from bench.experiment.settings import (
    SECTIONS,
    Settings,
    check_table,
    field_names,
    flatten,
    known_keys,
    parse_overrides,
    refuse_unknown,
    validate,
)

FOLDER = Path("experiments")
DEFAULT_PROFILE = "quick"
VARIANT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""It stands in tables, file names and pictures."""
NOT_SETTINGS = {"match_parameters", "replica"}
"""Keys of a variant that no run has."""
UNSHARED = {"variants", "profiles", "expected", "search"}
TABLES_OF_TABLES = {"variants", "profiles", "expected"}
PATHS = {"data.corpus", "vectors.source", "vectors.target"}
"""Settings that may name a file."""
QUOTES = " \"'"
TOP_KEYS = {"question", "baseline", "seeds", *UNSHARED, *SECTIONS}


def experiment_names() -> list[str]:
    """List the experiments of this folder, and of the installed suite."""
    return sorted({path.stem for folder in _folders() for path in folder.glob("*.toml")})


def load_experiment(
    name: str, *, profile: str = DEFAULT_PROFILE, overrides: Sequence[str] = (), corpus: str = ""
) -> Experiment:
    """Read and check an experiment file.

    Args:
        name: its file name without `.toml`, or a path.
        profile: which of its sizes.
        overrides: `--set` settings, such as `model.hidden_size=128`, for all variants.
        corpus: a corpus in place of the file's, "" to keep it.

    Raises:
        BenchError: for anything in the file that is not understood, saying where.
    """
    path = find_experiment(name)
    document = read_document(path)
    return _build(path, document, profile=profile, overrides=overrides, corpus=corpus)


def read_document(path: Path) -> Settings:
    """Read an experiment file as it is written; its tables are tables.

    Raises:
        ConfigError: when it is no TOML file, or has something else in a table's place.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    for name in (*UNSHARED, *SECTIONS):
        table = document.get(name, {})
        check_table(name, table, where=str(path))
        for own, value in table.items() if name in TABLES_OF_TABLES else ():
            check_table(f"{name}.{own}", value, where=str(path))
    return document


def _build(
    path: Path, document: Settings, *, profile: str, overrides: Sequence[str], corpus: str
) -> Experiment:
    where = str(path)
    refuse_unknown("key", document, TOP_KEYS, where=where)
    shared = flatten({section: document.get(section, {}) for section in SECTIONS})
    profiles = document.get("profiles", {})
    if not profiles:
        raise ConfigError(f"{where}: no profile; [profiles.{DEFAULT_PROFILE}] may be empty")
    if profile not in profiles:
        raise UnknownNameError("profile", profile, profiles, where=where)
    size = dict(profiles[profile])
    resized, searched = size.pop("variants", {}), size.pop("search", {})
    check_table(f"profiles.{profile}.variants", resized, where=where)
    check_table(f"profiles.{profile}.search", searched, where=where)
    for name, table in resized.items():
        check_table(f"profiles.{profile}.variants.{name}", table, where=where)
    sized, in_profile = flatten(size), f"{where}, profiles.{profile}"
    refuse_unknown("variant", resized, document.get("variants", {}), where=in_profile)
    refuse_unknown("key", shared, known_keys(), where=where)
    refuse_unknown("key", sized, known_keys() | {"seeds"}, where=in_profile)
    seeds = sized.pop("seeds", document.get("seeds", []))
    common = {where: shared, in_profile: sized}
    if corpus:
        common["--corpus"] = {"data.corpus": corpus}
    forced = {"--set": parse_overrides(overrides)}
    variants = {}
    for variant, table in document.get("variants", {}).items():
        place = f"{where}, variants.{variant}"
        again = f"{in_profile}.variants.{variant}"
        own = {place: flatten(table), again: flatten(resized.get(variant, {}))}
        for each, settings in own.items():
            refuse_unknown("key", settings, known_keys() | NOT_SETTINGS, where=each)
        variants[variant] = _build_variant(variant, common | own | forced, where=place)
    baseline = _text(document, "baseline", where=where)
    if baseline not in variants:
        raise UnknownNameError("variant", baseline, variants, where=f"{where}, baseline")
    for variant in variants.values():
        _check_match(variant, variants, where=f"{where}, variants.{variant.name}")
    return Experiment(
        name=path.stem,
        question=" ".join(_text(document, "question", where=where).split()),
        baseline=baseline,
        seeds=check_seeds(seeds, where=f"{where}, seeds"),
        variants=variants,
        profile=profile,
        expected=_expectations(document.get("expected", {}), variants, where=where),
        search=read_search(document.get("search", {}) | searched, variants, where=where),
        adhoc=_in_force(overrides),
    )


def _in_force(overrides: Sequence[str]) -> tuple[str, ...]:
    """Return the last override of each setting, in the order of their names."""
    last = {each.partition("=")[0].strip(): _without_folder(each) for each in overrides}
    return tuple(last[key] for key in sorted(last))


def _without_folder(override: str) -> str:
    """Leave out where somebody keeps a file that a setting names."""
    key, _, value = override.partition("=")
    return f"{key}={shown_name(value.strip(QUOTES))}" if key.strip() in PATHS else override


def _check_match(variant: Variant, variants: Mapping[str, Variant], *, where: str) -> None:
    """Refuse to match what is not there, or is itself matched."""
    other = variant.match_parameters
    if other is None:
        return
    if not isinstance(other, str):
        raise ConfigError(f"{where}: match_parameters names a variant; got {other!r}")
    if other not in variants:
        raise UnknownNameError("variant", other, variants, where=f"{where}, match_parameters")
    if variants[other].match_parameters is not None:
        raise ConfigError(
            f"{where}: match_parameters = {other!r}: the size of {other} itself is a matched one"
        )


def _expectations(
    tables: Settings, variants: Mapping[str, Variant], *, where: str
) -> tuple[Expectation, ...]:
    refuse_unknown("variant", tables, variants, where=f"{where}, expected")
    found = []
    for variant, table in tables.items():
        place = f"{where}, expected.{variant}"
        refuse_unknown("key", table, field_names(Expectation) - {"variant"}, where=place)
        values = {**table, "variant": variant}
        found.append(validate(Expectation, values, section=f"expected.{variant}", where=where))
    return tuple(found)  # type: ignore[arg-type]


def _build_variant(name: str, layers: Mapping[str, Settings], *, where: str) -> Variant:
    """Make a variant of settings by the place where they stand; later ones count for more."""
    if not VARIANT_NAME.fullmatch(name):
        raise ConfigError(f"{where}: a variant's name is made of letters, digits, _, - and .")
    settings: Settings = {}
    places: dict[str, str] = {}
    for place, layer in layers.items():
        settings |= layer
        places |= dict.fromkeys(layer, place)
    match, replica = settings.pop("match_parameters", None), settings.pop("replica", 0)
    if type(replica) is not int or replica < 0:
        raise ConfigError(f"{where}: replica: wanted a whole number from 0, got {replica!r}")
    parts: dict[str, Any] = {}
    for section, config in SECTIONS.items():
        values = {
            key.partition(".")[2]: value
            for key, value in settings.items()
            if key.startswith(f"{section}.")
        }
        parts[section] = validate(config, values, section=section, where=where, places=places)
    return Variant(name=name, config=RunConfig(**parts), match_parameters=match, replica=replica)


def check_seeds(seeds: Any, *, where: str) -> Sequence[int]:
    """Check that seeds are distinct whole numbers, at least one.

    Raises:
        ConfigError: when they are not.
    """
    whole = isinstance(seeds, list) and all(type(seed) is int and seed >= 0 for seed in seeds)
    if not whole or not seeds or len(set(seeds)) != len(seeds):
        raise ConfigError(
            f"{where}: wanted different whole numbers from 0, such as [1, 2, 3]; got {seeds!r}"
        )
    return tuple(seeds)


def _text(document: Settings, key: str, *, where: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f'{where}: {key} is missing; it is a text, such as {key} = "…"')
    return value


def find_experiment(name: str) -> Path:
    """Return the file of an experiment, by name or path.

    Raises:
        BenchError: when there is none.
    """
    if name.endswith(".toml") or len(Path(name).parts) != 1:
        if not name.endswith(".toml"):
            raise BenchError(f"no experiment file {name}: its name would end in .toml")
        if not Path(name).is_file():
            raise BenchError(f"no experiment file {name}")
        return Path(name)
    for folder in _folders():
        if (folder / f"{name}.toml").is_file():
            return folder / f"{name}.toml"
    raise UnknownNameError("experiment", name, experiment_names(), where=str(FOLDER))


def _folders() -> list[Path]:
    # Beside a clone's `bench/`, or within an installed wheel (pyproject.toml puts them there).
    package = Path(__file__).parents[1]
    installed = [package.parent / FOLDER, package / "experiments"]
    return [folder for folder in (FOLDER, *installed) if folder.is_dir()]
