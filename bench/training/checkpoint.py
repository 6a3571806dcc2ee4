"""Checkpoints of tensors and JSON, never pickle: save, load, go on exactly where a run stopped.

All chance in an epoch follows from the seed and the epoch's number, so that weights, optimiser
state and history are all there is to keep.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from bench.files import write_whole

BEST = "best.safetensors"
MODEL = "model.safetensors"
LAST, NEW, OLD = "last", "last.new", "last.old"
STATE = "state.json"
"""Written last, so that a folder that has it is whole."""


def save_best(folder: Path, model: nn.Module) -> None:
    """Keep these weights as the best so far, in place of earlier ones."""
    save_weights(folder / BEST, model)


def load_best(folder: Path, model: nn.Module) -> None:
    """Load the best weights kept in a folder into a model of the same shape."""
    load_weights(folder / BEST, model)


def save_weights(path: Path, model: nn.Module) -> None:
    """Write a model's weights; a weight used in two places is written once."""
    scratch = path.with_suffix(".new")
    # Not by `save_file`, whose file has one reader, and which hides why it could not be written.
    scratch.write_bytes(save(_distinct_weights(model)))
    scratch.replace(path)


def load_weights(path: Path, model: nn.Module) -> None:
    """Read weights into a model of the same shape, on whatever device it is.

    Raises:
        RuntimeError: when they are another model's.
    """
    weights = load_file(path)
    missing, unexpected = model.load_state_dict(weights, strict=False)
    own = model.state_dict()
    read = {_memory(own[name]) for name in weights.keys() & own.keys()}
    lacking = [name for name in missing if _memory(own[name]) not in read]
    if lacking or unexpected:
        raise RuntimeError(f"{path}: lacks {lacking}, and has {unexpected} besides")


def save_last(
    folder: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    state: Mapping[str, Any],
) -> None:
    """Keep everything needed to go on after this epoch, in place of the epoch before.

    Args:
        folder: the run's own folder.
        model: its weights as they are now.
        optimizer: its state as it is now.
        state: anything else, as JSON.

    Raises:
        OSError: when it cannot be written; the epoch before is then kept.
    """
    scratch, last, old = (folder / name for name in (NEW, LAST, OLD))
    (scratch / STATE).unlink(missing_ok=True)  # so that no half of it is taken for whole
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    save_weights(scratch / MODEL, model)
    (scratch / "optimizer.safetensors").write_bytes(save(_optimizer_tensors(optimizer)))
    write_whole(scratch / STATE, json.dumps(state))
    # At every moment one of the three is whole.
    shutil.rmtree(old, ignore_errors=True)
    if last.exists():
        last.rename(old)
    scratch.rename(last)
    shutil.rmtree(old, ignore_errors=True)


def read_state(folder: Path) -> dict[str, Any]:
    """Return the state kept beside the last epoch; empty if there is none."""
    last = _whole(folder)
    state: dict[str, Any] = {} if last is None else json.loads((last / STATE).read_text("utf-8"))
    return state


def _whole(folder: Path) -> Path | None:
    kept = (folder / name for name in (LAST, NEW, OLD))
    return next((each for each in kept if (each / STATE).exists()), None)


def load_last(
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Any] | None:
    """Put model and optimiser back as they were; None if nothing was kept."""
    last = _whole(folder)
    if last is None:
        return None
    load_weights(last / MODEL, model)
    _restore_optimizer(optimizer, load_file(last / "optimizer.safetensors"))
    return read_state(folder)


def _distinct_weights(model: nn.Module) -> dict[str, Tensor]:
    """Copy each weight to the CPU under the first of its names.

    safetensors' own `save_model` refuses what cuDNN makes of a recurrent stack on a GPU: weights
    side by side in one piece of memory.
    """
    weights, seen = dict[str, Tensor](), set[tuple[object, ...]]()
    for name, value in model.state_dict().items():
        if _memory(value) not in seen:
            seen.add(_memory(value))
            weights[name] = value.to("cpu", copy=True).contiguous()
    return weights


def _memory(value: Tensor) -> tuple[object, ...]:
    return value.data_ptr(), value.shape, value.stride()


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": value for index, own in state.items() for name, value in own.items()}


def _restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]
) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
