"""The optimiser and its schedules of learning rate and momentum."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from bench.model.seq2seq import Seq2Seq
from bench.training.config import ScheduleKind, TrainingConfig

# The lesson's `use_clr=(20, 10)`: from 1/20 of the rate, up during one tenth of the steps.
TRIANGLE_DIVISOR = 20
TRIANGLE_WARMUP_SHARE = 0.1
# One cycle: from 1/10 of the rate up and down again over nine tenths of the steps, then out.
CYCLE_DIVISOR = 10
CYCLE_SHARE = 0.9
CYCLE_FADE = 1000
CYCLE_BETAS = (0.95, 0.85)  # Adam's first beta at the ends of the cycle and at its peak


class Pace(NamedTuple):
    """How fast to learn at one step."""

    factor: float
    """Share of the full learning rate, in [0, 1]."""
    beta1: float | None = None
    """Adam's decay of the mean gradient; None: the config's."""


def build_optimizer(model: Seq2Seq, config: TrainingConfig) -> torch.optim.Adam:
    """Make Adam for all parameters of a model, fused into one kernel.

    Two parameters that share one memory are updated one after the other, never in one kernel.
    """
    apart = [model.output.linear.weight] if model.output.ties == "lesson" else []
    rest = [parameter for parameter in model.parameters() if all(parameter is not a for a in apart)]
    return torch.optim.Adam(
        [{"params": group} for group in (rest, apart) if group],
        lr=config.learning_rate,
        betas=(config.adam_beta1, config.adam_beta2),
        fused=True,
    )


def set_pace(
    optimizer: torch.optim.Optimizer, config: TrainingConfig, *, step: int, num_steps: int
) -> None:
    """Give an Adam its learning rate and first beta for one step, counted from 0."""
    pace = pace_at(config.schedule, step=step, num_steps=num_steps)
    beta1 = config.adam_beta1 if pace.beta1 is None else pace.beta1
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate * pace.factor
        group["betas"] = (beta1, config.adam_beta2)


def pace_at(schedule: ScheduleKind, *, step: int, num_steps: int) -> Pace:
    """Return how fast to learn at one step.

    Args:
        schedule: which curve.
        step: the step about to be taken, from 0.
        num_steps: steps of the whole run.
    """
    return _SCHEDULES[schedule](step, num_steps)


def _constant(step: int, num_steps: int) -> Pace:  # noqa: ARG001 - one signature for all
    return Pace(1.0)


def _slanted_triangle(step: int, num_steps: int) -> Pace:
    """Climb, then fall, linearly (https://arxiv.org/abs/1801.06146, section 3.2)."""
    peak = max(1, round(num_steps * TRIANGLE_WARMUP_SHARE))
    height = step / peak if step < peak else (num_steps - step) / max(1, num_steps - peak)
    return Pace((1 + height * (TRIANGLE_DIVISOR - 1)) / TRIANGLE_DIVISOR)


def _one_cycle(step: int, num_steps: int) -> Pace:
    """Climb and fall, momentum the other way, then fade (https://arxiv.org/abs/1803.09820, 4)."""
    cycle = max(2, round(num_steps * CYCLE_SHARE))
    resting, peaking = CYCLE_BETAS
    if step >= cycle:
        left = (num_steps - step) / max(1, num_steps - cycle)  # from 1 to 0
        return Pace(max(left / CYCLE_DIVISOR, 1 / CYCLE_FADE), resting)
    height = 1 - abs(2 * step / cycle - 1)
    factor = (1 + height * (CYCLE_DIVISOR - 1)) / CYCLE_DIVISOR
    return Pace(factor, resting + height * (peaking - resting))


def _cosine(step: int, num_steps: int) -> Pace:
    """Fall along half a cosine (https://arxiv.org/abs/1608.03983, equation 5, no restarts)."""
    return Pace((1 + math.cos(math.pi * step / num_steps)) / 2)


_SCHEDULES: dict[ScheduleKind, Callable[[int, int], Pace]] = {
    "constant": _constant,
    "slanted_triangle": _slanted_triangle,
    "one_cycle": _one_cycle,
    "cosine": _cosine,
}
