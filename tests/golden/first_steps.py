"""The losses of every variant's first twenty steps.

`python -m tests.golden.first_steps` writes them down anew, after a change that is meant to change
them: the diff says which.
"""

import json
from itertools import islice
from pathlib import Path

import torch

from bench.compiled.library import reference_only
from bench.data.batching import TrainingBatches
from bench.data.preparation import prepare
from bench.engine.execution import build_model
from bench.experiment.loading import load_experiment
from bench.experiment.planning import plan
from bench.processor import read_processor
from bench.seeding import generator, global_stream
from bench.session.session import data_configs, prepare_all_vectors
from bench.training.config import TrainingConfig
from bench.training.optimization import build_optimizer, set_pace
from bench.training.trainer import batch_loss, forcing_at, toss, update

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "experiments").glob("*.toml"))
SMALL = (
    "data.generated_pairs=1200",
    "model.embedding_dim=48",
    "model.hidden_size=48",
    "model.decoder_hidden_size=48",
    "training.batch_size=16",
    "vectors.train_epochs=3",
)
NUM_STEPS = 20


def golden_file(experiment: Path) -> Path:
    """Return where an experiment's losses are written down."""
    return Path(__file__).parent / f"{experiment.stem}.json"


def processor() -> str:
    """Name where they were computed: the last digits depend on it."""
    return f"{read_processor().name}, {torch.backends.cpu.get_cpu_capability()}"


def training_of(path: Path, variant: str) -> TrainingConfig:
    """Return how a variant is trained."""
    return load_experiment(str(path)).variants[variant].config.training


def first_losses(path: Path) -> dict[str, list[float]]:
    """Train every variant of an experiment's quick profile, made small, for twenty steps."""
    experiment = load_experiment(str(path), overrides=SMALL)
    prepared = {config: prepare(config) for config in data_configs(experiment)}
    vectors = prepare_all_vectors(experiment, prepared, say=lambda _: None)
    specs = plan(experiment, prepared, device=torch.device("cpu"), vectors=vectors)
    by_fingerprint = {corpus.fingerprint: corpus for corpus in prepared.values()}
    losses: dict[str, list[float]] = {}
    for spec in specs[: len(experiment.variants)]:  # those of the first seed
        data, config = by_fingerprint[spec.data_fingerprint], spec.config.training
        model = build_model(spec, data).train()
        optimizer = build_optimizer(model, config)
        batches = TrainingBatches(
            data.load_split("train"), batch_size=config.batch_size, seed=spec.seed
        )
        coin = generator(spec.chance, "teacher forcing", 1)
        own = losses.setdefault(spec.variant, [])
        with global_stream(spec.chance, "dropout", 1):
            for step, batch in enumerate(islice(batches.epoch(1), NUM_STEPS)):
                forced = toss(forcing_at(config, 1), batch.target.shape[1], coin)
                loss = batch_loss(model, batch, config, forced=forced)
                set_pace(optimizer, config, step=step, num_steps=config.num_epochs * len(batches))
                update(model, optimizer, loss, config)
                own.append(round(loss.item(), 7))
    return losses


if __name__ == "__main__":
    torch.set_num_threads(1)
    with reference_only():
        for file in FILES:
            record = {"processor": processor(), "losses": first_losses(file)}
            golden_file(file).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
