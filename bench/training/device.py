"""Where a run computes, and in which number format."""

import copy
import gc
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

import torch
from threadpoolctl import threadpool_limits
from torch import nn

from bench.compiled.library import load_kernels
from bench.errors import ConfigError
from bench.model.products import is_by_numpy
from bench.model.seq2seq import Seq2Seq
from bench.training.config import Precision

ResolvedPrecision = Literal["float32", "bfloat16"]
DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str) -> torch.device:
    """Turn `auto`, `cpu`, `cuda` or `cuda:1` into a device that is really here.

    Raises:
        ConfigError: when the device does not exist on this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(
            f"--device: unknown device {name!r}\nKnown: {', '.join(DEVICES)}"
        ) from error
    if device.type not in DEVICES:
        raise ConfigError(f"--device: {name!r} is not supported\nKnown: {', '.join(DEVICES)}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"--device: no {name!r} here, this machine has {torch.cuda.device_count()} CUDA devices"
        )
    return device


def gpus_of(device: torch.device) -> list[str]:
    """Name the GPUs that runs on a device may be shared out among, as `CUDA_VISIBLE_DEVICES` does.

    All that this process may use, unless the device says which.
    """
    if device.type != "cuda" or device.index is not None:
        return []
    count, named = torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES")
    return named.split(",")[:count] if named else [str(number) for number in range(count)]


def resolve_precision(precision: Precision, device: torch.device) -> ResolvedPrecision:
    """Settle `auto` for a device: bfloat16 where there are instructions for it."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        has_units = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bfloat16" if has_units else "float32"
    # Measured on such CPUs: a training step takes half to two thirds of the time.
    cpu = torch.backends.cpu.get_cpu_capability()
    has_bfloat16 = cpu.startswith("AVX512") and torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if has_bfloat16 else "float32"


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """Compute matrix products in `precision` within this context.

    Not those of `torch.nn`'s recurrent stacks on a GPU, which `bench.model.recurrent` keeps from
    float16.
    """
    enabled = product_dtype(device, precision) == torch.bfloat16
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


@contextmanager
def in_precision(model: Seq2Seq, precision: Precision) -> Iterator[Seq2Seq]:
    """Within, the model that is given computes its matrix products in `precision`.

    On a CPU it has weights of that format: autocast would convert each of them again at every step
    of a translation. On a GPU it is the model itself, since cuDNN wants a stack's weights in one
    piece, and `torch.nn` lays out none of bfloat16 so.
    """
    device = next(model.parameters()).device
    dtype = product_dtype(device, precision)
    if device.type == "cuda":
        with autocast(device, precision):
            yield model
    elif next(model.parameters()).dtype == dtype:
        yield model
    else:
        narrow = {
            id(each): nn.Parameter(each.detach().to(dtype), requires_grad=False)
            for each in model.parameters()
        }
        yield copy.deepcopy(model, narrow)  # which takes them for copies made already


@contextmanager
def computing(device: torch.device, precision: Precision) -> Iterator[None]:
    """Within, products are computed in `precision`, and no thread stands in another's way.

    On a CPU only the library that computes them has more than one thread. Threads that wait for
    work keep those of another library from their cores: with two of torch's and two of OpenBLAS's
    a training step took 2.4 times as long as by torch alone; so 0.6.

    On a GPU cuDNN, left to itself, would shorten float32 to TF32 in any case; and streams belong
    to the first one until another is chosen.
    """
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
    num_threads, shortened = torch.get_num_threads(), torch.backends.cudnn.allow_tf32
    dtype = product_dtype(device, precision)
    if device.type == "cpu" and is_by_numpy(dtype):
        torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = dtype != torch.float32
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)
        torch.backends.cudnn.allow_tf32 = shortened


def prepare_arithmetic(num_threads: int = 1) -> None:
    """Make this process compute as every run does, with so many threads of torch's and numpy's.

    Before it uses a GPU: cuBLAS, left to itself, shares its memory among streams as it comes, and
    the sums of cuDNN's layers follow (https://docs.nvidia.com/cuda/cublas/#results-reproducibility).
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(num_threads)
    threadpool_limits(num_threads, user_api="blas")
    # Adam's averages of rarely seen tokens fade into denormal numbers, which CPUs compute slowly:
    # a third of the training time within a few hundred steps.
    torch.set_flush_denormal(True)
    load_kernels()  # now, so that no clock is running when they are compiled
    # What was loaded stays; to go through it over and over took a tenth of decoding's time.
    gc.collect()
    gc.freeze()


def product_dtype(device: torch.device, precision: Precision) -> torch.dtype:
    """Return the number format of matrix products."""
    return getattr(torch, resolve_precision(precision, device))  # type: ignore[no-any-return]
