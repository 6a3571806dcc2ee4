"""A processor is described alike, whoever made it."""

import platform
from pathlib import Path

import pytest

from bench import processor as module
from bench.processor import Processor, read_processor

X86 = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC: a model
flags\t\t: fpu avx2

processor\t: 1
vendor_id\t: another
model name\t: another
flags\t\t: none
"""
WINDOWS = "AMD64 Family 25 Model 33 Stepping 0, AuthenticAMD"
ARM = """processor\t: 0
Features\t: fp asimd
CPU implementer\t: 0x41
"""


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        (X86, Processor("AuthenticAMD", "AMD EPYC: a model, family 25, model 17", "fpu avx2")),
        (ARM, Processor("", platform.machine(), "fp asimd")),
        (None, Processor("AuthenticAMD", WINDOWS, "")),
    ],
)
def test_the_first_processor_is_read(
    described: str | None, expected: Processor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From Linux's description on x86 and ARM; from Python on Windows."""
    file = tmp_path / "cpuinfo"
    if described is not None:
        file.write_text(described, "utf-8")
    monkeypatch.setattr(module, "DESCRIBED", file)
    monkeypatch.setattr(platform, "processor", lambda: WINDOWS)

    assert read_processor.__wrapped__() == expected


def test_this_machine_has_a_name() -> None:
    """As a run's tag says it."""
    assert read_processor().name
