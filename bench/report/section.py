"""What a page is made of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

Colours = Mapping[str, str]
"""By variant, as `#rrggbb`."""


class Figure(NamedTuple):
    """A plot and what it shows, in words."""

    name: str
    svg: str
    caption: str


class Section(NamedTuple):
    """A heading, and what stands under it."""

    title: str
    parts: Sequence[str | Figure]
    """Markdown, and figures."""


def markdown_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, align: str = "--:"
) -> str:
    """Write a Markdown table whose first column has no heading.

    Args:
        headings: of the other columns.
        rows: their cells, the first column's too.
        align: of the other columns, in Markdown's way.
    """
    lines = [f"| | {' | '.join(headings)} |", f"|---|{f'{align}|' * len(headings)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def list_facts(facts: Iterable[tuple[str, object]]) -> str:
    """Write a list of names and values."""
    return "\n".join(f"- {name}: {value}" for name, value in facts)
