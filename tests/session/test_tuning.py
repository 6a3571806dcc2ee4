"""A search as the commands see it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.data.prepared import PreparedCorpus
from bench.errors import BenchError
from bench.search.storage import open_storage
from bench.session.tuning import Tuning
from tests.engine.test_scheduling import spec
from tests.search.test_searching import CONFIG, search, study


def test_a_winner_is_not_named_before_all_finalists_have_run(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Those of an earlier search may have, which had fewer trials to choose among."""
    config = replace(CONFIG, finalists=2, fresh_seeds=1)
    searched = study(tmp_path, spec(digits), config)
    search(searched, digits)
    session: Any = SimpleNamespace(specs=[spec(digits)], experiment=SimpleNamespace(name="it"))
    storage = open_storage(str(tmp_path / "journal"))
    tuning = Tuning(session=session, config=config, storage=storage, studies={"gru": searched})

    with pytest.raises(BenchError, match=r"gru, fresh seeds: not all .* search it --resume"):
        tuning.finished_retrials()

    search(tuning.retrials()["gru"], digits)
    assert list(tuning.finished_retrials()) == ["gru"]
