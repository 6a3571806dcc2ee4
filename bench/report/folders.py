"""What sets a report or a study apart from the experiment's own profile and corpus, as a name."""

from pathlib import Path

from bench.experiment.loading import DEFAULT_PROFILE


def own_folder(profile: str, corpus: str, *, adhoc: bool, chosen_seeds: bool = False) -> str:
    """Name what is not as the experiment's file has it; "" if nothing is.

    Args:
        profile: in use.
        corpus: given on the command line, "" if none was.
        adhoc: whether settings were changed there.
        chosen_seeds: whether seeds were chosen there.
    """
    other_profile = "" if profile == DEFAULT_PROFILE else profile
    parts = (
        other_profile,
        Path(corpus).name,
        "exploratory" if adhoc else "",
        "chosen-seeds" if chosen_seeds else "",
    )
    return "-".join(part for part in parts if part)
