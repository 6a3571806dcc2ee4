"""The training loop, the same for every variant.

It yields after each epoch and knows nothing of metrics, trackers, pruning or checkpoints:
whoever drives the loop evaluates, logs, saves and decides when to stop. Its clock stands still
meanwhile. All chance in an epoch follows from (seed, epoch), so that a run continued at an epoch's
start is the run that was never interrupted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.data.batching import Batch, TrainingBatches
from bench.errors import DivergedError
from bench.model.seq2seq import Seq2Seq
from bench.seeding import generator, global_stream
from bench.training.clock import choose_clock
from bench.training.config import TrainingConfig
from bench.training.device import autocast, product_dtype
from bench.training.loss import output_loss, token_loss
from bench.training.optimization import set_pace

# Looking at a loss makes the host wait for a GPU, so there it is done only now and then.
STEPS_BETWEEN_CHECKS = {"cpu": 1, "cuda": 50}


@dataclass(frozen=True, kw_only=True, slots=True)
class EpochResult:
    """What one pass over the training split gave."""

    epoch: int
    loss: float
    """Mean over what the loss is of, in nats: the epoch's target tokens, or all positions."""
    seconds: float
    """Optimisation only, by the clock of `bench.training.clock`; evaluation and logging are not
    counted."""
    pairs: int
    """Sentence pairs learnt from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loop:
    """What stays the same from step to step."""

    model: Seq2Seq
    optimizer: torch.optim.Optimizer
    batches: TrainingBatches
    config: TrainingConfig
    seed: int
    device: torch.device


def train(
    model: Seq2Seq,
    optimizer: torch.optim.Optimizer,
    batches: TrainingBatches,
    config: TrainingConfig,
    *,
    seed: int,
    first_epoch: int = 1,
) -> Iterator[EpochResult]:
    """Train from `first_epoch` to `config.num_epochs`, on the device that holds the model.

    Raises:
        DivergedError: at a loss that is not finite; on a CPU before the step that it would spoil.
    """
    device = next(model.parameters()).device
    loop = _Loop(
        model=model,
        optimizer=optimizer,
        batches=batches,
        config=config,
        seed=seed,
        device=device,
    )
    for epoch in range(first_epoch, config.num_epochs + 1):
        model.train()
        with global_stream(seed, "dropout", epoch):
            result = _train_epoch(loop, epoch)
        yield result


def _train_epoch(loop: _Loop, epoch: int) -> EpochResult:
    clock = choose_clock(loop.device)
    started = clock()
    coin = generator(loop.seed, "teacher forcing", epoch)
    total_loss = torch.zeros((), device=loop.device)  # nats, summed over target tokens
    num_steps = loop.config.num_epochs * len(loop.batches)
    num_tokens, num_pairs = 0, 0
    real = loop.config.loss == "real_tokens"
    for position, batch in enumerate(loop.batches.epoch(epoch, loop.device)):
        step = (epoch - 1) * len(loop.batches) + position
        forced = toss(forcing_at(loop.config, epoch), batch.target.shape[1], coin)
        loss = batch_loss(loop.model, batch, loop.config, forced=forced)
        num_terms = batch.num_target_tokens if real else batch.target.numel()
        total_loss += loss.detach() * num_terms
        if position % STEPS_BETWEEN_CHECKS.get(loop.device.type, 1) == 0:
            _refuse_divergence(total_loss, epoch=epoch, step=step)
        set_pace(loop.optimizer, loop.config, step=step, num_steps=num_steps)
        update(loop.model, loop.optimizer, loss, loop.config)
        del loss  # and with it what the step kept for its way back, before the next one begins
        num_tokens += num_terms
        num_pairs += len(batch.indices)
    _refuse_divergence(total_loss, epoch=epoch, step=epoch * len(loop.batches))
    # item() waits for the device, so the clock is read after the work is really done.
    mean_loss = total_loss.item() / num_tokens
    return EpochResult(epoch=epoch, loss=mean_loss, seconds=clock() - started, pairs=num_pairs)


def batch_loss(
    model: Seq2Seq, batch: Batch, config: TrainingConfig, *, forced: Sequence[bool] | None
) -> Tensor:
    """Return the loss of one batch that training lowers, a scalar in nats per token.

    Args:
        model: on the device of the batch.
        batch: sentence pairs.
        config: which loss, in which precision.
        forced: per target position, whether the reference is fed; None: everywhere.
    """
    device, smoothing = batch.source.device, config.label_smoothing
    if config.loss == "every_position":
        with autocast(device, config.precision):
            logits = model(batch, forced=forced, everywhere=True)
        targets = batch.target.flatten()
        return token_loss(logits.flatten(0, 1), targets, label_smoothing=smoothing)
    with autocast(device, config.precision):
        features = model.features(batch, forced=forced)
    return output_loss(
        features,
        model.output.linear,
        batch.real_targets,
        label_smoothing=smoothing,
        dtype=product_dtype(device, config.precision),
    )


def update(
    model: Seq2Seq, optimizer: torch.optim.Optimizer, loss: Tensor, config: TrainingConfig
) -> None:
    """Take one step down the gradient of a loss."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    clip(model, config.max_gradient_norm)
    optimizer.step()


def clip(model: Seq2Seq, max_norm: float) -> None:
    """Scale the gradient down to a norm, where it is longer."""
    parameters = list(model.parameters())
    gradients = [each.grad for each in parameters if each.grad is not None]
    norm = nn.utils.get_total_norm(gradients)
    if norm.device.type != "cpu" or norm > max_norm:  # a GPU is not asked, nothing waits for it
        nn.utils.clip_grads_with_norm_(parameters, max_norm, norm)


def forcing_at(config: TrainingConfig, epoch: int) -> float:
    """Return the probability that the reference is fed, in an epoch counted from 1."""
    return max(0.0, config.teacher_forcing - config.teacher_forcing_fall * (epoch - 1))


def toss(probability: float, num_positions: int, coin: torch.Generator) -> Sequence[bool] | None:
    """Draw for each target position whether the reference is fed there; None: everywhere."""
    if probability == 1.0:
        return None
    forced: list[bool] = (torch.rand(num_positions, generator=coin) < probability).tolist()
    return forced


def _refuse_divergence(total_loss: Tensor, *, epoch: int, step: int) -> None:
    if not bool(total_loss.isfinite()):
        raise DivergedError(epoch=epoch, step=step)
