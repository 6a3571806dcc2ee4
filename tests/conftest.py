"""What many tests stand on: an empty cache, a tiny prepared corpus, a tiny model."""

from pathlib import Path

import pytest
import torch
from threadpoolctl import threadpool_limits

from bench.data.config import DataConfig
from bench.data.preparation import prepare
from bench.data.prepared import PreparedCorpus
from bench.model.config import ModelConfig
from bench.model.seq2seq import Seq2Seq

torch.set_num_threads(1)  # a second thread costs such small models more than it gives
threadpool_limits(1, user_api="blas")
TINY = ModelConfig(embedding_dim=8, hidden_size=6, decoder_hidden_size=10)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a data cache and a working folder of its own."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    """Prepare digit reversal once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        return prepare(DataConfig(corpus="digit_reversal", generated_pairs=300))


def build(prepared: PreparedCorpus, config: ModelConfig = TINY, *, seed: int = 1) -> Seq2Seq:
    """Build a model for a prepared corpus."""
    return Seq2Seq(
        config,
        source_tokens=len(prepared.source_vocabulary),
        target_tokens=len(prepared.target_vocabulary),
        seed=seed,
    )
