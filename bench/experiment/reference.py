"""The page of all keys of an experiment file, made from the config classes."""

from typing import Any

from bench.experiment.settings import SECTIONS

HEAD = """# Keys of an experiment file

Made from the config classes; `tests/test_documentation.py` compares. A file is complete in itself:

- `question`: one sentence, the first line.
- `baseline`: the variant that the others are compared with.
- `seeds`: whole numbers; every variant is trained with each.
- `[data]`, `[model]`, `[training]`, `[evaluation]`: what all variants share; the keys below.
- `[variants.NAME]`: what differs, as `model.cell = "lstm"`. `match_parameters = "NAME"` scales both
  hidden sizes until the variant has as many parameters as that one, within one per cent.
  `replica = 1` draws initialisation, dropout and teacher forcing anew, with the same batches.
- `[expected.NAME]`: what was published of that variant's difference to the baseline: `low`, `high`,
  `source`, and `metric = "bleu"` or `"loss"`.
- `[profiles.NAME]`: the same experiment at another size; `quick` is the default.
"""


def render_reference() -> str:
    """Render the page as Markdown."""
    sections = [_section(name, config) for name, config in SECTIONS.items()]
    return "\n".join([HEAD, *sections])


def _section(name: str, config: Any) -> str:
    lines = [f"## [{name}]", "", "| key | default | |", "|---|---|---|"]
    for key, field in config.__pydantic_fields__.items():
        text = " ".join((field.description or "").split())
        lines.append(f"| `{name}.{key}` | `{field.default!r}` | {text} |")
    return "\n".join([*lines, ""])
