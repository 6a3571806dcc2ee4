"""Variables of the environment that are on or off."""

import pytest

from bench.errors import ConfigError
from bench.switches import is_on


@pytest.mark.parametrize(
    ("said", "found"), [("on", True), ("True", True), ("0", False), ("false", False), ("", True)]
)
def test_a_switch_is_read_in_any_usual_way(
    said: str, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is the default."""
    monkeypatch.setenv("BENCH_SOMETHING", said)

    assert is_on("BENCH_SOMETHING", default=True) == found


def test_what_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than taken for off without a word."""
    monkeypatch.setenv("BENCH_SOMETHING", "of")

    with pytest.raises(ConfigError, match="BENCH_SOMETHING='of' in the environment"):
        is_on("BENCH_SOMETHING", default=True)
