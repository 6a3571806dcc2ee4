"""The page of all keys of an experiment file, made from the config classes."""

from collections.abc import Mapping
from typing import Any

from bench.experiment.search import SearchConfig
from bench.experiment.settings import SECTIONS, as_toml, schema_of

HEAD = """# Keys of an experiment file

Made from the config classes; `tests/test_documentation.py` compares. A file is complete in itself:

- `question`: one sentence, the first line.
- `baseline`: the variant that the others are compared with.
- `seeds`: whole numbers; every variant is trained with each.
- `[data]`, `[vectors]`, `[model]`, `[training]`, `[evaluation]`: what all variants share; the keys
  below.
- `[variants.NAME]`: what differs, as `model.cell = "lstm"`. `match_parameters = "NAME"` scales both
  hidden sizes until the variant has as many parameters as that one, within one per cent.
  `replica = 1` draws initialisation, dropout and teacher forcing anew, with the same batches.
- `[expected.NAME]`: what was published of that variant's difference to the baseline: `low`, `high`
  (left out: "more than `low`"), `source`, and `metric = "bleu"` or `"loss"`.
- `[profiles.NAME]`: the same experiment at another size, as `training.epochs = 4`; `quick` is the
  default, and must be there. It may have `seeds` and a table `search` of its own. A variant's own
  keys count for more than a profile's; what is to count for more than those stands in
  `[profiles.NAME.variants.NAME]`.
- `[search]`: how `python -m bench search` tunes each variant; `[search.space]`: what it may change,
  keys of `[model]` and `[training]`, each as
  `training.learning_rate = { low = 1e-3, high = 2e-2, log = true }` (or with a `step`), or as
  `model.num_layers = { choices = [1, 2] }`. A draw that a variant does not allow is drawn anew.
"""
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
KINDS = {"integer": "whole number", "number": "number", "string": "text"}
"""What JSON Schema calls them, and what people do."""


def render_reference() -> str:
    """Render the page as Markdown."""
    sections = [_section(name, config) for name, config in SECTIONS.items()]
    return "\n".join([HEAD, *sections, _section("search", SearchConfig)])


def _section(name: str, config: type) -> str:
    lines = [f"## [{name}]", "", "| key | allowed | default | meaning |", "|---|---|---|---|"]
    for key, schema in schema_of(config).items():
        if schema.get("type") == "object":  # a table of its own, told of at the head
            continue
        meaning = " ".join(schema["description"].split())
        default = "" if schema["default"] is None else f"`{as_toml(schema['default'])}`"
        lines.append(f"| `{name}.{key}` | {_allowed(schema)} | {default} | {meaning} |")
    return "\n".join([*lines, ""])


def _allowed(schema: Mapping[str, Any]) -> str:
    """Say which values a JSON Schema lets through."""
    if "anyOf" in schema:
        kinds = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(map(_allowed, kinds))
    if schema.get("type") == "array":
        return f"list of {_allowed(schema['items'])}"
    if schema.get("type") == "boolean":
        return "`true`, `false`"
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return ", ".join(f"`{as_toml(value)}`" for value in values)
    bounds = [f"{sign} {schema[bound]:g}" for bound, sign in BOUNDS.items() if bound in schema]
    return " ".join([KINDS[schema["type"]], " and ".join(bounds)]).strip()
