"""Sequences that a GPU steps through, recorded as CUDA graphs: a host launches each at once.

A step of a decoder is dozens of small kernels, there and back, and each takes a host longer to
launch than a GPU to compute. A recorded sequence has one shape, so source and target are padded up
to round lengths, of which there are few.

`BENCH_GRAPHS=on` in the environment asks for it: no GPU has run it yet (`tests/gpu` tells whether
it gives the same gradients there).

Shapes: B sentences, S source tokens, T target tokens, E features of the decoder's input.
"""

import gc
import logging
from collections.abc import Callable, Hashable, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from bench.model.attention import Memory
from bench.model.decoder import Context
from bench.switches import is_on

SWITCH = "BENCH_GRAPHS"
ROUND = 8
"""Lengths are made a multiple of it."""
MOST = 64
"""Graphs at most: each keeps its inputs, outputs and gradients."""

logger = logging.getLogger(__name__)

Run = Callable[..., Tensor]
"""Takes a context and tensors (B, T, …); returns what each position gives, (B, T, …)."""


def is_recorded(device: torch.device) -> bool:
    """Tell whether sequences are to be recorded and replayed on a device, as they are now."""
    return is_on(SWITCH, default=False) and device.type == "cuda" and torch.is_grad_enabled()


class Recorder:
    """Records a sequence when its shape is met again, and replays it from then on.

    The first time it runs as it is: so libraries are loaded, and nothing is drawn or computed only
    to be thrown away.
    """

    def __init__(self) -> None:
        """Begin with nothing recorded."""
        self._met: dict[Hashable, Callable[..., Tensor] | None] = {}
        self._pool: tuple[int, int] | None = None
        self._has_failed = False

    def __deepcopy__(self, memo: object) -> "Recorder":
        """Begin anew: a copy of a model has parameters of its own."""
        return Recorder()

    def __call__(self, owner: nn.Module, run: Run, context: Context, *read: Tensor) -> Tensor:
        """Return `run(context, *read)`.

        Args:
            owner: of all the parameters that are used.
            run: the sequence. It reads no number on the host, knows of no other tensors, and draws
                what it draws from the device's own generator.
            context: to begin in.
            read: of each position, (B, T, …).
        """
        if self._has_failed:
            return run(context, *read)
        num_positions = read[0].shape[1]
        inputs = [*map(_rounded, read), *_flattened(context)]
        kinds = tuple((each.shape, each.dtype, each.requires_grad) for each in inputs)
        key = run.__name__, kinds, owner.training, torch.is_autocast_enabled("cuda")
        ready = self._met.get(key)
        if ready is None:
            sizes = {"num_read": len(read), "num_parts": len(context.state)}
            ready = self._meet(key, _Sequence(owner, run, **sizes), inputs)
        outputs: Tensor = ready(*inputs)
        return outputs[:, :num_positions]

    def _meet(
        self, key: Hashable, sequence: nn.Module, inputs: Sequence[Tensor]
    ) -> Callable[..., Tensor]:
        """Note a sequence that is new, record one that was met before; return what runs it now.

        Where recording fails that is said, and none is recorded any more: those before are not
        safe.
        """
        if key not in self._met:
            if len(self._met) < MOST:
                self._met[key] = None
            return sequence
        if self._pool is None:
            gc.collect()  # graphs of a model that is gone would take memory of ours with them
            self._pool = torch.cuda.graph_pool_handle()
        stream = torch.cuda.current_stream()
        try:
            recorded = self._met[key] = _record(sequence, inputs, self._pool)
        except RuntimeError as error:
            torch.cuda.set_stream(stream)
            logger.warning("%s: no CUDA graphs, %s", SWITCH, error)
            self._met.clear()
            self._has_failed = True
            return sequence
        return recorded


def _record(
    sequence: nn.Module, inputs: Sequence[Tensor], pool: tuple[int, int]
) -> Callable[..., Tensor]:
    """Record a sequence and its way back.

    All graphs share their memory, since a sequence's way back is over before the next one. Autocast
    may not keep a narrowed weight from one to another, and gradients come on the stream that
    records, wherever a parameter was used before.
    """
    places = tuple(each.detach().clone().requires_grad_(each.requires_grad) for each in inputs)
    dtype, narrow = torch.get_autocast_dtype("cuda"), torch.is_autocast_enabled("cuda")
    if hasattr(torch.autograd.graph, "set_override_stale_capture_stream"):
        torch.autograd.graph.set_override_stale_capture_stream(True)
    with torch.autocast("cuda", dtype, enabled=narrow, cache_enabled=False):
        recorded = torch.cuda.make_graphed_callables(  # type: ignore[call-overload]
            sequence, places, num_warmup_iters=0, allow_unused_input=True, pool=pool
        )
    return cast("Callable[..., Tensor]", recorded)


class _Sequence(nn.Module):
    """What `make_graphed_callables` asks for: it knows its parameters, and takes tensors alone."""

    def __init__(self, owner: nn.Module, run: Run, *, num_read: int, num_parts: int) -> None:
        super().__init__()
        self.owner = owner
        self._run, self._num_read, self._num_parts = run, num_read, num_parts

    def forward(self, *inputs: Tensor) -> Tensor:
        read, begun = inputs[: self._num_read], inputs[self._num_read :]
        return self._run(_restored(begun, num_parts=self._num_parts), *read)


def _rounded(sequence: Tensor) -> Tensor:
    """Pad (B, T, …) with zeros at the end, up to a round T."""
    missing = -sequence.shape[1] % ROUND
    return pad(sequence, (0, 0) * (sequence.dim() - 2) + (0, missing))


def _flattened(context: Context) -> list[Tensor]:
    """Lay out a context as a list of tensors, its source positions rounded and masked."""
    memory = context.memory
    if memory is None:
        return list(context.state)
    mask = memory.mask
    if mask is None:
        mask = torch.ones(memory.values.shape[:2], dtype=torch.bool, device=memory.values.device)
    return [*map(_rounded, (memory.values, memory.keys, mask)), *context.state]


def _restored(tensors: Sequence[Tensor], *, num_parts: int) -> Context:
    """Make a context of such a list; `num_parts` are those of its state."""
    if len(tensors) == num_parts:
        return Context(tuple(tensors), None)
    values, keys, mask, *state = tensors
    return Context(tuple(state), Memory(values, keys, mask))
