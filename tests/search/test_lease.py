"""Whose trial is left behind, and whose is not."""

import socket
import time
from pathlib import Path

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from bench.search.lease import OWNER, SEEN, STALE_SECONDS, Lease, is_abandoned


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))


def marked(owner: str, *, seconds_ago: float = 0.0) -> FrozenTrial:
    attributes = {OWNER: owner, SEEN: time.time() - seconds_ago}
    return create_trial(state=TrialState.RUNNING, user_attrs=attributes)


def test_a_command_that_lives_keeps_its_trials_however_long_it_is_silent() -> None:
    """A suspended one marks nothing, and lives."""
    with Lease(lambda _: None) as lease:
        assert not is_abandoned(marked(lease.owner, seconds_ago=10 * STALE_SECONDS))


def test_who_finds_an_owner_finds_a_time() -> None:
    """Attributes are written one by one, and others may read in between."""
    assert list(Lease(lambda _: None).attributes()) == [SEEN, OWNER]


def test_a_command_of_this_machine_that_died_is_known_at_once(tmp_path: Path) -> None:
    """Its lock is there, and nobody holds it."""
    left = tmp_path / "left.lock"
    left.touch()

    assert is_abandoned(marked(f"{socket.gethostname()}/{left}"))


def test_a_lock_that_may_not_be_looked_at_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's, on the same machine: the marks tell."""

    def refuse(_: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "exists", refuse)
    owner = f"{socket.gethostname()}/{tmp_path}/theirs.lock"

    assert not is_abandoned(marked(owner))
    assert is_abandoned(marked(owner, seconds_ago=STALE_SECONDS + 1))


@pytest.mark.parametrize("host", ["another", socket.gethostname()])
def test_a_lock_that_is_not_in_sight_says_nothing(host: str, tmp_path: Path) -> None:
    """Of another machine, or of a container with this one's name: the marks tell."""
    owner = f"{host}/{tmp_path}/elsewhere.lock"

    assert not is_abandoned(marked(owner))
    assert is_abandoned(marked(owner, seconds_ago=STALE_SECONDS + 1))
