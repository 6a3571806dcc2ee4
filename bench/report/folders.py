"""What sets a report or a study apart from the experiment's own profile and corpus, as a name."""

import re
from collections.abc import Sequence
from hashlib import blake2b

from bench.data.corpus import shown_name
from bench.experiment.loading import DEFAULT_PROFILE
from bench.experiment.settings import known_keys

LONGEST = 60
"""Letters of settings in a name."""


def own_folder(profile: str, corpus: str, *, adhoc: Sequence[str] = (), seeds: str = "") -> str:
    """Name what is not as the experiment's file has it; "" if nothing is.

    Args:
        profile: in use.
        corpus: given on the command line, "" if none was.
        adhoc: settings that were changed there: each set of them has a name of its own.
        seeds: that were chosen there, as "3" or "4,5".
    """
    other_profile = "" if profile == DEFAULT_PROFILE else profile
    parts = (
        other_profile,
        shown_name(corpus),
        f"exploratory-{_named(adhoc)}" if adhoc else "",
        _short(f"seeds={seeds.replace(',', '-')}", whole=seeds) if seeds else "",
    )
    return "-".join(part for part in parts if part)


def _named(settings: Sequence[str]) -> str:
    """Write settings as part of a file's name, such as `epochs=1-hidden_size=64`."""
    whole = sorted(setting.replace(" ", "") for setting in settings)
    return _short("-".join(map(_without_section, whole)), whole="\n".join(whole))


def _short(named: str, *, whole: str) -> str:
    """Leave out what a file's name should not have, and end one that lost something in a digest."""
    name = re.sub(r"[^\w.=-]+", "_", named)
    if name == named and len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST]}-{blake2b(whole.encode(), digest_size=4).hexdigest()}"


def _without_section(setting: str) -> str:
    """Leave out whose key it is, unless another section has one of that name."""
    key, _, value = setting.partition("=")
    own = key.partition(".")[2]
    namesakes = [known for known in known_keys() if known.partition(".")[2] == own]
    return f"{own if len(namesakes) < 2 else key}={value}"
