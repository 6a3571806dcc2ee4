"""From an experiment to its runs."""

from dataclasses import replace

import torch

from bench.data.config import DataConfig
from bench.data.preparation import prepare
from bench.evaluation.config import EvaluationConfig
from bench.experiment.planning import plan
from bench.experiment.schema import Experiment, RunConfig, Variant
from bench.experiment.search import SearchConfig
from bench.model.config import ModelConfig
from bench.model.matching import parameters_of
from bench.training.config import TrainingConfig


def test_a_variant_matches_another_with_a_vocabulary_of_its_own() -> None:
    """Each model has its own words to hold; both have as many parameters, within one per cent."""
    words = RunConfig(
        data=DataConfig(generated_pairs=600),
        model=ModelConfig(embedding_dim=32, hidden_size=64, decoder_hidden_size=64),
        training=TrainingConfig(),
        evaluation=EvaluationConfig(),
    )
    pieces = replace(
        words, data=replace(words.data, tokenization="sentencepiece", subword_vocabulary=150)
    )
    experiment = Experiment(
        name="it", question="?", baseline="words", seeds=[1], profile="quick", expected=(),
        search=SearchConfig(), adhoc=(), variants={
            "words": Variant(name="words", config=words, match_parameters=None),
            "pieces": Variant(name="pieces", config=pieces, match_parameters="words"),
        },
    )  # fmt: skip
    prepared = {config.data: prepare(config.data) for config in (words, pieces)}

    runs = plan(experiment, prepared, device=torch.device("cpu"))

    one, other = (
        parameters_of(
            run.config.model,
            source_tokens=prepared[run.config.data].ledger.source_vocabulary,
            target_tokens=prepared[run.config.data].ledger.target_vocabulary,
        )
        for run in runs
    )
    assert abs(other - one) <= 0.01 * one
    assert runs[1].config.model.hidden_size > 64
