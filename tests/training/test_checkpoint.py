"""What a run keeps of itself."""

import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from bench.data.prepared import PreparedCorpus
from bench.model.config import OutputWeights
from bench.model.seq2seq import Seq2Seq
from bench.training.checkpoint import (
    MODEL,
    load_last,
    load_weights,
    read_state,
    save_last,
    save_weights,
)
from tests.conftest import TINY, build

CHANGES: list[tuple[Any, str]] = [
    (shutil, "rmtree"),
    *((Path, name) for name in ("rename", "replace", "unlink", "mkdir")),
]


class PowerCutError(Exception):
    """Nothing after it is done."""


def until_cut(change: Callable[..., Any], left: Iterator[int]) -> Callable[..., Any]:
    """Let a change be made while there is power for it."""

    def changed(*args: Any, **options: Any) -> Any:
        if next(left, None) is None:
            raise PowerCutError
        return change(*args, **options)

    return changed


def side_by_side(model: Seq2Seq) -> Seq2Seq:
    """Lay out the weights of each recurrent stack in one piece of memory, as cuDNN does."""
    for stack in model.modules():
        if not isinstance(stack, nn.RNNBase):
            continue
        whole, begun = torch.cat([weight.flatten() for weight in stack.parameters()]).detach(), 0
        for weight in stack.parameters():
            weight.data = whole[begun : begun + weight.numel()].view_as(weight)
            begun += weight.numel()
    return model


@pytest.mark.parametrize("ties", ["untied", "tied", "lesson"])
@pytest.mark.parametrize("in_one_piece", [False, True])
def test_weights_are_read_as_they_were_written(
    digits: PreparedCorpus, tmp_path: Path, ties: OutputWeights, *, in_one_piece: bool
) -> None:
    """Also those that share their memory, on a GPU or by a tie, which stays one."""
    config = replace(TINY, tie_output_weights=ties)
    one, other = build(digits, config, seed=1), build(digits, config, seed=2)
    if in_one_piece:
        one, other = side_by_side(one), side_by_side(other)
    assert all(tensor.numel() for tensor in one.state_dict().values())

    save_weights(tmp_path / "weights.safetensors", one)
    load_weights(tmp_path / "weights.safetensors", other)

    expected = one.state_dict()
    for name, weight in other.state_dict().items():
        torch.testing.assert_close(weight, expected[name], rtol=0, atol=0, msg=name)
    shared = other.output.linear.weight.data_ptr() == other.decoder.embedding.weight.data_ptr()
    assert shared == (ties != "untied")


def test_weights_of_another_model_are_refused(digits: PreparedCorpus, tmp_path: Path) -> None:
    """One with more layers lacks some, and one with fewer has some besides."""
    deep, shallow = (build(digits, replace(TINY, num_layers=layers)) for layers in (2, 1))
    for one, other in ((deep, shallow), (shallow, deep)):
        save_weights(tmp_path / "weights.safetensors", one)
        with pytest.raises(RuntimeError, match=r"weights\.safetensors: lacks"):
            load_weights(tmp_path / "weights.safetensors", other)


def test_a_full_disk_is_told_and_leaves_the_epoch_before(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """By the system's own error, whichever of the files it is that finds no room."""
    model = build(digits)
    optimizer = torch.optim.Adam(model.parameters())
    for value in model.parameters():
        value.grad = torch.ones_like(value)
    optimizer.step()
    save_last(tmp_path, model, optimizer, state={"epoch": 1})
    weights = (tmp_path / "last" / MODEL).stat().st_size

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in (weights // 2, weights + 1_000):  # the optimiser keeps two numbers for each weight
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                save_last(tmp_path, model, optimizer, state={"epoch": 2})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert read_state(tmp_path) == {"epoch": 1}
    assert load_last(tmp_path, build(digits, seed=2), optimizer) == {"epoch": 1}


@pytest.mark.parametrize("changes", range(12))
def test_a_run_stopped_between_any_two_changes_of_its_files_can_go_on(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: int
) -> None:
    """After the epoch before or after this one, and every time again."""
    model = build(digits)
    optimizer = torch.optim.Adam(model.parameters())
    save_last(tmp_path, model, optimizer, state={"epoch": 1})

    for epoch in (2, 3):
        known = read_state(tmp_path)["epoch"]
        with monkeypatch.context() as stopping, suppress(PowerCutError):
            left = iter(range(changes))
            for place, name in CHANGES:
                stopping.setattr(place, name, until_cut(getattr(place, name), left))
            save_last(tmp_path, model, optimizer, state={"epoch": epoch})

        assert read_state(tmp_path)["epoch"] in {known, epoch}
        assert load_last(tmp_path, build(digits, seed=2), optimizer) == read_state(tmp_path)

    save_last(tmp_path, model, optimizer, state={"epoch": 4})
    assert read_state(tmp_path) == {"epoch": 4}
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_weights_may_be_read_by_whoever_may_read_other_files(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Colleagues share a record of runs."""
    (tmp_path / "other").touch()

    save_weights(tmp_path / "weights.safetensors", build(digits))

    modes = [(tmp_path / name).stat().st_mode for name in ("other", "weights.safetensors")]
    assert modes[0] == modes[1]
