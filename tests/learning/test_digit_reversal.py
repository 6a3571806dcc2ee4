"""Known answers: what any working translator learns."""

from pathlib import Path

import pytest
import torch

from bench.data.config import DataConfig
from bench.data.preparation import prepare
from bench.engine.execution import Workplace, execute
from bench.evaluation.config import EvaluationConfig
from bench.experiment.planning import RunSpec
from bench.experiment.schema import RunConfig
from bench.model.config import ModelConfig
from bench.training.config import TrainingConfig


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_digit_reversal_is_learnt(tmp_path: Path, cell: str) -> None:
    """To a BLEU above 95 on numbers never seen, by either cell."""
    data = DataConfig(corpus="digit_reversal", generated_pairs=8_000)
    prepared = prepare(data)
    config = RunConfig(
        data=data,
        model=ModelConfig(
            cell=cell,  # type: ignore[arg-type]
            embedding_dim=32,
            hidden_size=96,
            decoder_hidden_size=96,
            num_layers=1,
            dropout_scale=0.0,
        ),
        training=TrainingConfig(epochs=12, batch_size=32, learning_rate=5e-3, precision="float32"),
        evaluation=EvaluationConfig(max_length=10),
    )
    spec = RunSpec(
        experiment="known_answer",
        profile="quick",
        variant=cell,
        seed=1,
        config=config,
        data_fingerprint=prepared.fingerprint,
        adhoc=(),
    )

    result = execute(
        spec, prepared, Workplace(device=torch.device("cpu"), folder=tmp_path), lambda _: True
    )

    assert result.test["bleu"] > 95
