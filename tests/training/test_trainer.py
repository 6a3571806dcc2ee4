"""The one trainer."""

import gc
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn.functional import cross_entropy

from bench.data.batching import Batch, TrainingBatches, collate
from bench.data.prepared import PreparedCorpus
from bench.errors import ConfigError, DivergedError
from bench.model.config import AttentionKind, CellKind
from bench.training.checkpoint import load_last, save_last
from bench.training.clock import clock_name
from bench.training.config import TrainingConfig
from bench.training.device import choose_device, gpus_of, resolve_precision
from bench.training.loss import token_loss
from bench.training.optimization import build_optimizer, pace_at
from bench.training.trainer import EpochResult, batch_loss, clip, forcing_at, train, update
from tests.conftest import TINY, build

CONFIG = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.01, precision="float32")


def losses(
    prepared: PreparedCorpus, config: TrainingConfig = CONFIG, *, seed: int = 1
) -> list[float]:
    return [result.loss for result in start(prepared, config, seed=seed)]


def start(
    prepared: PreparedCorpus, config: TrainingConfig = CONFIG, *, seed: int = 1
) -> Iterator[EpochResult]:
    model = build(prepared, seed=seed)
    batches = TrainingBatches(prepared.load_split("train"), batch_size=config.batch_size, seed=seed)
    return train(model, build_optimizer(model, config), batches, config, seed=seed)


def test_the_same_seed_gives_the_same_losses(digits: PreparedCorpus) -> None:
    """To the last digit; another seed gives others; and they fall."""
    first = losses(digits)

    assert first == losses(digits)
    assert first != losses(digits, seed=2)
    assert first[-1] < first[0]


@pytest.mark.parametrize("probability", [0.0, 0.5])
def test_a_decoder_that_feeds_itself_is_trained_alike(
    digits: PreparedCorpus, probability: float
) -> None:
    """Deterministic too, and another training than with the reference fed."""
    config = replace(CONFIG, epochs=1, teacher_forcing=probability)

    assert losses(digits, config) == losses(digits, config)
    assert losses(digits, config) != losses(digits, replace(config, teacher_forcing=1.0))


@pytest.mark.parametrize("budget", [1.0, 0.5])
def test_every_step_is_taken_at_the_pace_of_its_schedule(
    digits: PreparedCorpus, budget: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over all epochs as one, and fitted into what of them is trained."""
    config = replace(CONFIG, epochs=4, budget=budget, schedule="cosine")
    model = build(digits)
    batches = TrainingBatches(digits.load_split("train"), batch_size=16, seed=1)
    optimizer, rates = build_optimizer(model, config), []
    step = optimizer.step
    monkeypatch.setattr(
        optimizer, "step", lambda: (rates.append(optimizer.param_groups[0]["lr"]), step())
    )

    pairs = [result.pairs for result in train(model, optimizer, batches, config, seed=1)]

    num_steps = config.num_epochs * len(batches)
    factors = [pace_at("cosine", step=at, num_steps=num_steps).factor for at in range(num_steps)]
    assert rates == pytest.approx([config.learning_rate * factor for factor in factors])
    assert pairs == [len(digits.load_split("train"))] * config.num_epochs


@pytest.mark.parametrize("length", [0.5, 1.5, 3.0])
def test_a_gradient_that_is_too_long_is_cut_to_the_length(
    digits: PreparedCorpus, length: float
) -> None:
    """And one that is not is left alone."""
    model = build(digits)
    weight = next(model.parameters())
    weight.grad = torch.zeros_like(weight)
    weight.grad[0, 0] = length

    clip(model, 1.0)

    assert float(weight.grad.norm()) == pytest.approx(min(length, 1.0), rel=1e-5)


def test_the_reference_is_fed_less_and_less() -> None:
    """By the same amount from epoch to epoch, down to never: the lesson's schedule."""
    config = TrainingConfig(epochs=15, teacher_forcing_fall=0.1)

    shares = [forcing_at(config, epoch) for epoch in range(1, 16)]

    assert shares[:10] == pytest.approx([1 - 0.1 * epoch for epoch in range(10)])
    assert shares[10:] == [0.0] * 5
    begun_lower = TrainingConfig(epochs=15, teacher_forcing=0.8, teacher_forcing_fall=0.1)
    assert forcing_at(begun_lower, 3) == pytest.approx(0.6)


def test_the_lessons_loss_counts_padding(digits: PreparedCorpus) -> None:
    """Another loss than that of real tokens, and equal to it where there is no padding."""
    split = digits.load_split("train")
    order = np.argsort(split.target.lengths, kind="stable")
    model = build(digits).eval()
    every = replace(CONFIG, loss="every_position")
    alike, mixed = collate(split, order[:1]), collate(split, order[:: len(order) // 4])

    for batch, equal in ((alike, True), (mixed, False)):
        ours, lessons = (batch_loss(model, batch, c, forced=None) for c in (CONFIG, every))
        assert torch.isclose(ours, lessons) == equal


def test_label_smoothing_spreads_the_wish() -> None:
    """A tenth of it over all tokens, written out."""
    logits, targets = torch.randn(7, 11), torch.randint(0, 11, (7,))

    ours = token_loss(logits, targets, label_smoothing=0.1)

    log_probabilities = logits.log_softmax(-1)
    plain = -log_probabilities[torch.arange(7), targets].mean()
    torch.testing.assert_close(ours, 0.9 * plain - 0.1 * log_probabilities.mean())


def test_a_budget_is_a_whole_number_of_epochs(digits: PreparedCorpus) -> None:
    """Half of four is two; half of three is refused."""
    assert len(losses(digits, replace(CONFIG, epochs=4, budget=0.5))) == 2
    with pytest.raises(ValidationError, match="whole number"):
        replace(CONFIG, epochs=3, budget=0.5)


def test_what_happens_between_epochs_changes_nothing(digits: PreparedCorpus) -> None:
    """Whoever drives the loop may draw random numbers meanwhile."""
    disturbed = []
    for result in start(digits):
        disturbed.append(result.loss)
        torch.rand(1000)
        torch.manual_seed(result.epoch)

    assert disturbed == losses(digits)


def test_a_resumed_run_is_the_run_that_was_never_interrupted(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """One epoch, a checkpoint, a new process's worth of objects, and the rest: equal digits."""
    batches = TrainingBatches(digits.load_split("train"), batch_size=16, seed=1)
    model = build(digits)
    optimizer = build_optimizer(model, CONFIG)
    first = next(train(model, optimizer, batches, CONFIG, seed=1))
    save_last(tmp_path, model, optimizer, state={"epoch": first.epoch})
    again = build(digits, seed=7)
    again_optimizer = build_optimizer(again, CONFIG)

    state = load_last(tmp_path, again, again_optimizer)
    rest = train(again, again_optimizer, batches, CONFIG, seed=1, first_epoch=2)

    assert state == {"epoch": 1}
    assert [first.loss, *(result.loss for result in rest)] == losses(digits)


def test_the_loss_is_plain_cross_entropy_over_real_tokens(digits: PreparedCorpus) -> None:
    """Equal to torch's own over padded logits with padding ignored."""
    model = build(digits).eval()
    batch: Batch = next(TrainingBatches(digits.load_split("train"), batch_size=9, seed=1).epoch(1))
    mask = batch.target_mask

    logits = model(batch)
    ours = token_loss(logits, batch.target[mask])
    padded = torch.zeros(*mask.shape, logits.shape[-1])
    padded[mask] = logits
    plain = cross_entropy(padded.transpose(1, 2), batch.target, ignore_index=1)

    torch.testing.assert_close(ours, plain)


def test_training_stops_at_a_loss_that_is_not_finite(digits: PreparedCorpus) -> None:
    """At once, before the step that would spoil the weights, saying when."""
    model = build(digits)
    batches = TrainingBatches(digits.load_split("train"), batch_size=16, seed=1)
    with torch.no_grad():
        model.output.linear.bias[3] = torch.inf
    weights = model.encoder.embedding.weight.clone()

    with pytest.raises(DivergedError, match="the loss was not finite in epoch 1, at step 0"):
        next(train(model, build_optimizer(model, CONFIG), batches, CONFIG, seed=1))

    torch.testing.assert_close(model.encoder.embedding.weight, weights)


def test_the_step_that_would_spoil_the_weights_is_never_taken(
    digits: PreparedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor by the fourth loss: the weights stay those that the third step left."""
    model = build(digits)
    batches = TrainingBatches(digits.load_split("train"), batch_size=16, seed=1)
    taken: list[Tensor] = []

    def loss_of(*args: Any, **kwargs: Any) -> Tensor:
        taken.append(model.encoder.embedding.weight.detach().clone())
        loss = batch_loss(*args, **kwargs)
        return loss * float("inf") if len(taken) == 4 else loss

    monkeypatch.setattr("bench.training.trainer.batch_loss", loss_of)

    with pytest.raises(DivergedError, match="not finite in epoch 1, at step 3"):
        next(train(model, build_optimizer(model, CONFIG), batches, CONFIG, seed=1))

    assert not taken[2].equal(taken[3])
    assert model.encoder.embedding.weight.equal(taken[3])


def test_an_unclipped_and_a_clipped_training_differ(digits: PreparedCorpus) -> None:
    """The largest gradient allowed has its effect, and `inf` allows all."""
    tight = replace(CONFIG, epochs=1, max_gradient_norm=0.01)

    assert losses(digits, tight) != losses(digits, replace(tight, max_gradient_norm=float("inf")))


def test_threads_that_share_a_product_are_timed_by_the_wall() -> None:
    """One thread on a CPU by what it had of the processor; torch's or numpy's several not."""
    cpu, before = torch.device("cpu"), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with threadpool_limits(1, user_api="blas"):
            assert clock_name(cpu) == "processor"
            assert clock_name(torch.device("meta")) == "wall"
            torch.set_num_threads(2)
            assert clock_name(cpu) == "wall"
            torch.set_num_threads(1)
        with threadpool_limits(2, user_api="blas"):
            assert clock_name(cpu) == "wall"
    finally:
        torch.set_num_threads(before)


def test_a_device_that_is_not_here_is_refused() -> None:
    """With what there is."""
    with pytest.raises(ConfigError, match="no 'cuda:99' here"):
        choose_device("cuda:99")
    with pytest.raises(ConfigError, match="unknown device 'gpu'"):
        choose_device("gpu")
    assert choose_device("cpu").type == "cpu"


@pytest.mark.parametrize(
    ("visible", "device", "expected"),
    [
        (None, "cuda", ["0", "1", "2"]),
        ("5,GPU-x,7,8", "cuda", ["5", "GPU-x", "7"]),  # of four that are named three are here
        ("5,6,7", "cuda:1", []),
        (None, "cpu", []),
    ],
)
def test_runs_may_be_shared_out_among_all_gpus_but_for_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, device: str, expected: list[str]
) -> None:
    """On a machine with three."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert gpus_of(torch.device(device)) == expected


def test_what_runs_beside_is_not_on_the_clock_of_one_thread(
    digits: PreparedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the processor is with others, as for a third of a second before each batch here."""
    split = digits.load_split("train")
    batches = list(TrainingBatches(split, batch_size=CONFIG.batch_size, seed=1).epoch(1))

    def beside(*_: object) -> Iterator[Batch]:
        for batch in batches[:3]:
            time.sleep(0.3)
            yield batch

    monkeypatch.setattr(TrainingBatches, "epoch", beside)

    def seconds(num_threads: int) -> float:
        torch.set_num_threads(num_threads)
        with threadpool_limits(num_threads, user_api="blas"):
            (epoch,) = start(digits, replace(CONFIG, epochs=1))
        return epoch.seconds

    before = torch.get_num_threads()
    try:
        alone, together = seconds(1), seconds(2)
    finally:
        torch.set_num_threads(before)

    assert alone < 0.9 < together


def test_a_stated_precision_is_kept() -> None:
    """Only `auto` looks at the device."""
    device = torch.device("cpu")

    assert resolve_precision("bfloat16", device) == "bfloat16"
    assert resolve_precision("float32", device) == "float32"
    assert resolve_precision("auto", device) in {"float32", "bfloat16"}


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("attention", ["none", "additive"])
@pytest.mark.parametrize("forcing", ["always", "now and then"])
def test_a_step_leaves_nothing_behind(
    digits: PreparedCorpus, cell: CellKind, attention: AttentionKind, forcing: str
) -> None:
    """Without the garbage collector's help: after ten steps as many tensors live as after two."""
    config = TrainingConfig(precision="bfloat16")
    model = build(digits, replace(TINY, cell=cell, attention=attention)).train()
    optimizer = build_optimizer(model, config)
    batch = collate(digits.load_split("train"), np.arange(4))
    forced = None if forcing == "always" else [True, False] * batch.target.shape[1]
    alive = []
    for _ in range(10):
        update(model, optimizer, batch_loss(model, batch, config, forced=forced), config)
        alive.append(sum(isinstance(each, torch.Tensor) for each in gc.get_objects()))

    assert alive[1] == alive[-1]
