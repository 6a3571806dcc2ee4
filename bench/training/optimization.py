"""The optimiser and its learning-rate schedules."""

from collections.abc import Callable

import torch
from torch import nn

from bench.training.config import ScheduleKind, TrainingConfig

# The lesson's `use_clr=(20, 10)`: from 1/20 of the rate, up during one tenth of the steps.
TRIANGLE_DIVISOR = 20
TRIANGLE_WARMUP_SHARE = 0.1


def build_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.Adam:
    """Make Adam for all parameters of a model, fused into one kernel."""
    return torch.optim.Adam(
        model.parameters(),
        lr=config.learning_rate,
        betas=(config.adam_beta1, config.adam_beta2),
        fused=True,
    )


def rate_factor(schedule: ScheduleKind, *, step: int, num_steps: int) -> float:
    """Return the share of the full learning rate for one step, in (0, 1].

    Args:
        schedule: which curve.
        step: the step about to be taken, from 0.
        num_steps: steps of the whole run.
    """
    return _SCHEDULES[schedule](step, num_steps)


def _constant(step: int, num_steps: int) -> float:  # noqa: ARG001 - one signature for all
    return 1.0


def _slanted_triangle(step: int, num_steps: int) -> float:
    """Climb, then fall, linearly (https://arxiv.org/abs/1801.06146, section 3.2)."""
    peak = max(1, round(num_steps * TRIANGLE_WARMUP_SHARE))
    height = step / peak if step < peak else (num_steps - step) / max(1, num_steps - peak)
    return (1 + height * (TRIANGLE_DIVISOR - 1)) / TRIANGLE_DIVISOR


_SCHEDULES: dict[ScheduleKind, Callable[[int, int], float]] = {
    "constant": _constant,
    "slanted_triangle": _slanted_triangle,
}
