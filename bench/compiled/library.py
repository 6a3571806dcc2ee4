"""The C functions beside this file, compiled for this processor when first wanted, then kept.

Where there is no compiler there are none, and whoever asks for them computes the same in torch,
up to two and a half times slower; so every function here has its reference where it is called.
"""

import ctypes
import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from bench.cache import cache_folder
from bench.processor import read_processor
from bench.switches import is_on

SOURCES = sorted(Path(__file__).parent.glob("*.[ch]"))
FLAGS = ("-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")
"""No -ffast-math: a number that is none must stay so, that a run that diverges is seen."""
WIDEST = ("-mprefer-vector-width=512",)
LINKED = ("-fopenmp-simd", "-shared", "-fPIC")
SWITCH = "BENCH_KERNELS"
COMPILERS = ("cc", "gcc", "clang")
FORMATS = (torch.float32, torch.bfloat16)

KINDS = {"n": ctypes.c_long, "f": ctypes.c_float, "p": ctypes.c_void_p, "i": ctypes.c_int}
PARAMETERS = {
    "rnn_forward": "nnnn" + 9 * "p" + "i",
    "rnn_backward": "nnnn" + 8 * "p" + "i",
    "gru_forward": "nnnn" + 9 * "p" + "i",
    "gru_backward": "nnnn" + 9 * "p" + "i",
    "lstm_forward": "nnnn" + 11 * "p" + "i",
    "lstm_backward": "nnnn" + 9 * "p" + "i",
    "additive_forward": 5 * "n" + 8 * "p" + "i",
    "additive_backward": 5 * "n" + 11 * "p" + "i",
    "dot_forward": 5 * "n" + 4 * "p" + "f" + 3 * "p" + "i",
    "dot_backward": 5 * "n" + 3 * "p" + "f" + 5 * "p" + "i",
    "softmax_backward": "nnpppfpppi",
    "likeliest": "nnnpppppi",
    "draw": "nnpp",
    "keep_drawn": "nppfpi",
}
"""Of each function: a whole number, a float, a place in memory, a flag."""

logger = logging.getLogger(__name__)


class _Switch:
    off = False


_switch = _Switch()


class Kernels:
    """The functions, called with tensors."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Take over a library that was loaded."""
        self._functions = {name: getattr(library, name) for name in PARAMETERS}
        for name, kinds in PARAMETERS.items():
            self._functions[name].argtypes = [KINDS[kind] for kind in kinds]
            self._functions[name].restype = None

    def __call__(self, name: str, *arguments: Tensor | float | None) -> None:
        """Call a function: tensors are contiguous and on the CPU, None is nowhere."""
        self._functions[name](*map(_place, arguments))


def kernels_for(*tensors: Tensor) -> Kernels | None:
    """Return the functions if they are here and made for such tensors, else None."""
    if _switch.off or any(
        each.device.type != "cpu" or each.dtype not in FORMATS for each in tensors
    ):
        return None
    return load_kernels()


@contextmanager
def reference_only() -> Iterator[None]:
    """Within, `kernels_for` finds none, and all is computed in torch."""
    before, _switch.off = _switch.off, True
    try:
        yield
    finally:
        _switch.off = before


@cache
def load_kernels() -> Kernels | None:
    """Compile the functions unless that was done before, and load them; None where that fails.

    `BENCH_KERNELS=off` in the environment does without.
    """
    if not is_on(SWITCH, default=True):
        return None
    compiler = next(filter(None, map(shutil.which, (os.environ.get("CC", ""), *COMPILERS))), None)
    if compiler is None:
        return None
    try:
        return Kernels(ctypes.CDLL(str(_compiled(compiler))))
    except (OSError, subprocess.SubprocessError) as error:
        logger.info("no compiled functions: %s", error)
        return None


def _compiled(compiler: str) -> Path:
    """Return the library's file, made for this source, compiler and processor."""
    version = subprocess.run([compiler, "--version"], capture_output=True, check=True).stdout
    processor = read_processor()  # several may share a folder
    said = [text.encode() for text in (processor.name, processor.instructions, *FLAGS, *WIDEST)]
    made_of = [*(file.read_bytes() for file in SOURCES), version, *said]
    key = blake2b(b"\0".join(made_of), digest_size=10).hexdigest()
    file = cache_folder() / "kernels" / f"{key}.so"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=file.parent) as folder:
            fresh = Path(folder) / file.name
            _compile(compiler, fresh)
            fresh.replace(file)  # at once: another process sees all of it or nothing
    return file


def _compile(compiler: str, file: Path) -> None:
    sources = [str(source) for source in SOURCES if source.suffix == ".c"]
    to = [*LINKED, "-o", str(file), *sources, "-lm"]
    for flags in ((*FLAGS, *WIDEST), FLAGS):  # not every compiler knows how wide
        made = subprocess.run([compiler, *flags, *to], capture_output=True, check=False)
        if made.returncode == 0:
            return
    made.check_returncode()


def _place(argument: Tensor | float | None) -> float | None:
    if not isinstance(argument, Tensor):
        return argument
    assert argument.is_contiguous()
    return argument.data_ptr()
