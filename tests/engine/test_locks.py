"""A lock for every run that a command has taken on."""

import resource

import pytest

from bench.engine.locks import allow_locks
from bench.errors import BenchError


def test_a_plan_of_many_runs_may_hold_as_many_locks() -> None:
    """Where the machine permits them."""
    ours = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, ours[1]))
        allow_locks(700)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 700
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, ours)


def test_a_plan_of_more_runs_than_there_may_be_locks_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before any has begun, with what to do."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))

    allow_locks(700)
    with pytest.raises(BenchError, match=r"1,024 are permitted here .* fewer seeds"):
        allow_locks(1_000)
