"""Where there is no GPU, the tests that want one are run on an imitation.

It computes what a CPU computes, and shows what belongs to a GPU's code alone: that all tensors of
a step are on the device, in formats that go together and that cuDNN takes, that no step waits, and
that what is recorded is what was run. Not how fast it is, nor what cuDNN's own kernels give.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent
TORCH = Path(torch.__file__).parent
MADE_FOR = "2.13"
SOME = " or ".join(
    (
        "accepted",
        "saved",
        "(losses and 0.5)",
        "(recorded and bfloat16-0.5)",
        "(waits and bfloat16-0.5)",
        "(translations and 3-)",
    )
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here"),
    pytest.mark.skipif(not torch.__version__.startswith(MADE_FOR), reason="made for torch 2.13"),
    pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler here"),
]


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the compiled device."""
    library = tmp_path_factory.mktemp("device") / "device.so"
    include, linked = TORCH / "include", TORCH / "lib"
    subprocess.run(
        [
            *("g++", "-std=c++20", "-shared", "-fPIC", HERE / "imitation" / "device.cpp"),
            *(f"-I{include}", f"-I{include / 'torch/csrc/api/include'}", f"-L{linked}"),
            *("-ltorch_cpu", "-lc10", f"-Wl,-rpath,{linked}", "-o", library),
        ],
        check=True,
    )
    return library


def imitating(device: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the imitated GPU."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=HERE.parents[1],
        env=os.environ | {"LD_PRELOAD": str(device)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_a_gpu_does_is_right_on_an_imitation(device: Path) -> None:
    """Of each model some tests: all of them take a quarter of an hour."""
    found = imitating(
        device, "-m", "pytest", "-p", "tests.gpu.imitation.plugin",
        "tests/gpu/test_on_a_gpu.py", "-n0", "-k", SOME, "-rs",
    )  # fmt: skip

    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]
    assert "SKIPPED" not in found.stdout


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("x + torch.ones(2)", "tensors on two devices"),
        ("x.sum().item()", "the host waits: aten._local_scalar_dense"),
        ("x[x > 0]", "the host waits: aten.index.Tensor"),
        ("x.cpu()", "the host waits: aten._to_copy"),
        ("torch.nn.GRU(2, 2).to('cuda')(x[None].bfloat16())", "AssertionError"),
        ("x.bfloat16() @ torch.ones(2, 2, device='cuda')", "same dtype"),
    ],
)
def test_the_imitation_notices(device: Path, mistake: str, said: str) -> None:
    """What a GPU would refuse, or be waited for."""
    program = (
        "import tests.gpu.imitation.plugin, torch; x = torch.ones(2, device='cuda'); "
        "torch.cuda.set_sync_debug_mode('error'); "
        f"{mistake}; torch.cuda.set_sync_debug_mode('default')"
    )

    found = imitating(device, "-c", program)

    assert found.returncode == 1
    assert said in found.stderr
