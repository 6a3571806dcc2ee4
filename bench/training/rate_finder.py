"""The learning-rate finder: raise the rate step by step and watch the loss.

Smith 2017, https://arxiv.org/abs/1506.01186, section 3.3; smoothing and stopping as in fast.ai's.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count

import torch

from bench.data.batching import Batch, TrainingBatches
from bench.errors import BenchError
from bench.model.seq2seq import Seq2Seq
from bench.seeding import generator, global_stream
from bench.training.config import TrainingConfig
from bench.training.device import computing
from bench.training.optimization import build_optimizer
from bench.training.trainer import batch_loss, forcing_at, toss, update

SMOOTHING = 0.9  # share of the past in the smoothed loss
EXPLODED = 4.0  # times the best smoothed loss
SETTLING_SHARE = 0.1  # first steps, in which the smoothed loss says little


@dataclass(frozen=True, kw_only=True, slots=True)
class RateSearch:
    """How the loss went as the learning rate rose."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """Smoothed, in nats per token."""
    steepest: float
    """The rate at which the loss fell fastest: a good one to train with."""
    lowest: float
    """The rate at which the loss was lowest: a tenth of it is a careful choice."""


def find_learning_rate(
    model: Seq2Seq,
    batches: TrainingBatches,
    config: TrainingConfig,
    *,
    seed: int,
    rates: tuple[float, float] = (1e-5, 1.0),
    num_steps: int = 100,
) -> RateSearch:
    """Train for some steps with a rate that rises by a constant factor; the model is spent.

    Args:
        model: freshly initialised.
        batches: of the training split.
        config: of the training; its learning rate and schedule are not used.
        seed: of the run.
        rates: the first and the last.
        num_steps: steps between them; fewer are taken when the loss explodes.
    """
    optimizer = build_optimizer(model, config)
    first, last = rates
    tried: list[float] = []
    losses: list[float] = []
    running = 0.0
    coin = generator(seed, "rate search", "teacher forcing")
    device = next(model.train().parameters()).device
    with (
        global_stream(seed, "rate search"),
        computing(device, config.precision),
    ):
        for step, batch in zip(range(num_steps), _endless(batches, device), strict=False):
            rate = first * (last / first) ** (step / max(1, num_steps - 1))
            for group in optimizer.param_groups:
                group["lr"] = rate
            forced = toss(forcing_at(config, 1), batch.target.shape[1], coin)
            loss = _step(model, optimizer, batch, config, forced)
            running = SMOOTHING * running + (1 - SMOOTHING) * loss
            smoothed = running / (1 - SMOOTHING ** (step + 1))
            if not math.isfinite(loss) or (losses and smoothed > EXPLODED * min(losses)):
                break
            tried.append(rate)
            losses.append(smoothed)
    if not tried:
        raise BenchError(f"the loss is not finite at a learning rate of {first:g} already")
    return RateSearch(
        rates=tuple(tried),
        losses=tuple(losses),
        steepest=tried[_steepest(losses)],
        lowest=tried[losses.index(min(losses))],
    )


def _step(
    model: Seq2Seq,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    config: TrainingConfig,
    forced: Sequence[bool] | None,
) -> float:
    loss = batch_loss(model, batch, config, forced=forced)
    if bool(loss.isfinite()):
        update(model, optimizer, loss, config)
    return loss.item()


def _endless(batches: TrainingBatches, device: torch.device) -> Iterator[Batch]:
    return chain.from_iterable(batches.epoch(epoch, device) for epoch in count(1))


def _steepest(losses: list[float]) -> int:
    """Return the step before which the smoothed loss fell most, up to its lowest."""
    settled = min(int(len(losses) * SETTLING_SHARE), max(0, len(losses) - 2))
    end = max(losses.index(min(losses)), settled + 1)
    falls = {step: losses[step - 1] - losses[step] for step in range(settled + 1, end + 1)}
    falls = {step: fall for step, fall in falls.items() if step < len(losses)}
    return max(falls, key=lambda step: falls[step]) if falls else len(losses) - 1
