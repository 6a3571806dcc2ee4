"""What a variable of the environment switches on or off."""

import os

from bench.errors import ConfigError

ON, OFF = ("on", "1", "yes", "true"), ("off", "0", "no", "false")


def is_on(name: str, *, default: bool) -> bool:
    """Tell what a variable says; the default if it is not set.

    Raises:
        ConfigError: when it says neither.
    """
    said = os.environ.get(name, "").strip().lower()
    if said and said not in ON + OFF:
        raise ConfigError(f"{name}={said!r} in the environment: it is either on or off")
    return said in ON if said else default
