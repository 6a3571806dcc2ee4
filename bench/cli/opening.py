"""The first seconds of a command: something to see while the libraries load."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from bench.cli.session import Session


def open_session(console: Console, selected: Mapping[str, Any]) -> "Session":
    """Open what the shared options selected, saying what is happening.

    Args:
        console: where to say it.
        selected: values of the shared options, by name.
    """
    with console.status("loading the libraries") as status:
        # Here, not above: torch, MLflow and their kin take seconds, and nobody likes a dead screen.
        from bench.cli.session import Selection, open_selection

        return open_selection(Selection(**selected), say=lambda text: status.update(text))
