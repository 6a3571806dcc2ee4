"""One colour per variant, the same on every page and in MLflow."""

from collections.abc import Iterable

# Okabe and Ito's, which colour-blind readers can tell apart (https://jfly.uni-koeln.de/color/);
# grey stands for their black, since it must show on a dark page too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#808080")


def variant_colours(variants: Iterable[str]) -> dict[str, str]:
    """Give each variant its colour, in the order of the experiment file."""
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(variants)}
