"""What this machine's processor says of itself."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DESCRIBED = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Processor:
    """Who made it, what it is sold as, and the instructions it has; empty where nothing says so."""

    maker: str = ""
    name: str = ""
    instructions: str = ""


@cache
def read_processor() -> Processor:
    """Return the first processor of this machine, as Linux describes it or, elsewhere, Python."""
    if not DESCRIBED.exists():  # Windows says "AMD64 Family 25 Model 33 Stepping 0, AuthenticAMD"
        name = platform.processor() or platform.machine()
        return Processor(maker=name.rpartition(", ")[2], name=name)
    # The first processor's lines are read last, and stay.
    lines = reversed(DESCRIBED.read_text("utf-8", "replace").splitlines())
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return Processor(
        maker=said.get("vendor_id", ""),
        name=_name(said) or platform.machine(),
        instructions=said.get("flags", "") or said.get("Features", ""),  # of x86, of ARM
    )


def _name(said: Mapping[str, str]) -> str:
    """Name it, with its generation: four that were measured all call themselves "AMD EPYC"."""
    name, family, model = (said.get(key, "") for key in ("model name", "cpu family", "model"))
    return f"{name}, family {family}, model {model}" if name and family and model else name
