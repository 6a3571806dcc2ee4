"""Tensors that say they are on a GPU, and hold their numbers on the CPU.

Whatever is done with one is done with what it holds. As on a GPU, a tensor of the other device
cannot take part, and whoever reads a number, or asks for a shape that hangs on one, would have to
wait: `waits` notes it.
"""

import traceback
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

GPU = torch.device("cuda", 0)
aten = torch.ops.aten
READ = {
    aten._local_scalar_dense.default,
    aten.nonzero.default,
    aten.equal.default,
    aten.masked_select.default,
}
INDEXED = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default}

waits: list[str] = []
"""Where the host would have waited, newest last."""


class Imitated(Tensor):
    """A tensor on the imitated GPU."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "Imitated":
        made = Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=GPU,
        )
        made.held = held
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return compute(function, args, kwargs or {})

    def __deepcopy__(self, memo: dict[int, Any]) -> "Imitated":
        if id(self) not in memo:
            twin = Imitated(self.held.clone())
            is_parameter = isinstance(self, nn.Parameter)
            memo[id(self)] = nn.Parameter(twin, self.requires_grad) if is_parameter else twin
        return memo[id(self)]

    def data_ptr(self) -> int:
        return self.held.data_ptr()

    def tolist(self) -> Any:
        return self.held.tolist()

    @property
    def data(self) -> Tensor:
        return self.detach()

    @data.setter
    def data(self, other: "Imitated") -> None:
        self.held = other.held


class Dispatch(TorchDispatchMode):
    """Within, what is asked for on the GPU comes on the imitated one."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        there = any(isinstance(each, Imitated) for each in tree_leaves((args, kwargs)))
        if there or _place(kwargs) == "cuda":
            return compute(function, args, kwargs)
        return function(*args, **kwargs)


def compute(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Do what was asked for with what the tensors hold."""
    tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
    there = [each for each in tensors if isinstance(each, Imitated)]
    here = [each for each in tensors if not isinstance(each, Imitated) and each.dim()]
    copies, place = function is aten.copy_.default, _place(kwargs)
    if there and here and not copies:
        raise RuntimeError(f"{function}: tensors on two devices, {here[0].shape} on the CPU")
    if there and _reads(function, args, to_cpu=place == "cpu" or (copies and bool(here))):
        waits.append(f"{function}\n" + "".join(traceback.format_stack(limit=14)))
    given, named = tree_map(held, (args, kwargs))
    named.pop("pin_memory", None)
    if place == "cuda":
        named["device"] = torch.device("cpu")
    found = function(*given, **named)
    if function is aten._to_copy.default and (place == "cuda") != bool(there):
        found = found.clone()  # from one device to the other, which `found` may have been spared
    if copies and not isinstance(args[0], Imitated):
        return args[0]
    if place == "cpu" or not isinstance(found, Tensor | tuple | list):
        return found
    found = tree_map(imitated, found)
    return return_and_correct_aliasing(function, args, kwargs, found) if there else found


def held(value: Any) -> Any:
    """Return what a tensor of the imitated GPU holds, anything else as it is."""
    return value.held if isinstance(value, Imitated) else value


def imitated(value: Any) -> Any:
    """Bring a tensor to the imitated GPU."""
    is_here = isinstance(value, Tensor) and not isinstance(value, Imitated)
    return Imitated(value) if is_here else value


class OnCPU(torch.autograd.Function):
    """A function of tensors that is computed, there and back, with what they hold."""

    @staticmethod
    def forward(
        ctx: Any, function: Callable[..., Sequence[Tensor]], *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        ctx.taken = [held(each).detach().requires_grad_(each.requires_grad) for each in tensors]
        with torch.enable_grad():
            ctx.given = function(*ctx.taken)
        return tuple(Imitated(each.detach().clone()) for each in ctx.given)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        wanted = [each for each in ctx.taken if each.requires_grad]
        own = tuple(map(held, gradients))
        found = iter(torch.autograd.grad(ctx.given, wanted, own, allow_unused=True))
        return None, *(imitated(next(found)) if each.requires_grad else None for each in ctx.taken)


def _place(kwargs: dict[str, Any]) -> str | None:
    device = kwargs.get("device")
    return None if device is None else torch.device(device).type


def _reads(function: Any, args: Sequence[Any], *, to_cpu: bool) -> bool:
    """Tell whether an operation on the GPU's tensors has the host wait for their numbers."""
    if function in INDEXED:
        masks = (each for each in args[1] if each is not None)
        return any(each.dtype in {torch.bool, torch.uint8} for each in masks)
    return function in READ or to_cpu
