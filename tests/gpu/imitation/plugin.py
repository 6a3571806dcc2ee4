"""pytest's plugin that puts the imitated GPU in place: `-p tests.gpu.imitation.plugin`.

With `device.cpp` compiled and preloaded, as `tests/gpu/test_imitated.py` has it.
"""

from typing import Any

import torch
import torch.cuda.amp.common
from torch import Tensor, nn

from tests.gpu.imitation import cudnn
from tests.gpu.imitation.graphs import make_graphed_callables
from tests.gpu.imitation.tensors import Dispatch, waits

ANSWERS: dict[str, Any] = {
    "_lazy_init": None,
    "current_device": 0,
    "current_stream": None,
    "device_count": 1,
    "get_rng_state": torch.empty(0),
    "graph_pool_handle": (0, 1),
    "is_available": True,
    "is_bf16_supported": True,
    "is_initialized": True,
    "manual_seed_all": None,
    "set_device": None,
    "set_rng_state": None,
    "set_stream": None,
}
"""What `torch.cuda` says; chance is the CPU's."""

_make_tensor = torch.tensor


def _tensor(numbers: object, *, device: torch.device | str | None = None, **named: Any) -> Tensor:
    """Make a tensor here and move it: torch does not tell when it does so itself."""
    made = _make_tensor(numbers, **named)
    return made if device is None else made.to(device)


class _SyncDebugMode:
    """Stands for `torch.cuda.set_sync_debug_mode`; what waited is told when "error" ends."""

    is_strict = False

    def __call__(self, mode: str) -> None:
        was_strict, self.is_strict = self.is_strict, mode == "error"
        found = waits.copy()
        waits.clear()
        if was_strict and found:
            raise RuntimeError(f"the host waits: {found[0]}")


def _apply(self: nn.Module, change: Any, *_: object) -> nn.Module:
    """Move all parameters, each once however many modules have it."""
    moved: dict[int, tuple[nn.Parameter, nn.Parameter]] = {}
    for module in self.modules():
        for name, own in module._parameters.items():
            if own is not None and id(own) not in moved:
                moved[id(own)] = own, nn.Parameter(change(own.detach()), own.requires_grad)
            if own is not None:
                module._parameters[name] = moved[id(own)][1]
        if isinstance(module, nn.RNNBase):
            module._flat_weights = [getattr(module, name) for name in module._flat_weights_names]
    return self


def _imitate() -> None:
    for name, answer in ANSWERS.items():
        setattr(torch.cuda, name, lambda *_, answer=answer, **__: answer)
    torch.cuda.set_sync_debug_mode = _SyncDebugMode()
    torch.cuda.make_graphed_callables = make_graphed_callables
    torch.cuda.amp.common.amp_definitely_not_available = lambda: False
    torch.tensor = _tensor
    torch.Tensor.pin_memory = lambda self: self  # all memory here is as good
    torch.inference_mode = lambda: torch.no_grad()  # whose tensors no wrapper can be a view of
    nn.Module._apply = nn.RNNBase._apply = _apply
    cudnn.imitate()
    Dispatch().__enter__()


_imitate()
