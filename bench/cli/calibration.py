"""How often the verdicts are right, by simulation, as tables on the terminal."""

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.comparison.looks import plan_looks, significance_per_look
from bench.comparison.simulation import (
    SEED_DEVIATIONS,
    World,
    calibrate,
    calibrate_looks,
    standard_worlds,
)

LOOKS = plan_looks(3, 30)


def print_calibration(console: Console, *, num_experiments: int) -> None:
    """Simulate experiments with and without a true difference, and print what was found."""
    console.print(
        f"{num_experiments:,} simulated experiments with and as many without a true difference, "
        "1,000 test sentences, nominal error 5 %. Takes some minutes.\n",
        highlight=False,
    )
    table = _table(
        "variants",
        "seed deviation",
        "seeds",
        "false positives",
        "coverage",
        "detectable",
        "power",
        "one run each",
    )
    worlds = list(standard_worlds())
    for world in track(worlds, "simulating", console=console, transient=True):
        found = calibrate(world, num_experiments=num_experiments)
        table.add_row(
            "two" if world.taste else "one, twice",
            f"{world.seed_deviation}",
            str(world.num_seeds),
            f"{found.false_positives:.1%}",
            f"{found.coverage:.1%}",
            f"{found.detectable:.2f}",
            f"{found.power:.2f}",
            f"{found.single_run_false_positives:.0%}",
        )
    console.print(table)
    console.print(
        "\nSeed deviation of a variant and detectable difference in BLEU; power at that "
        "difference. One run each: false positives of a paired bootstrap on one run against one.\n",
        style="dim",
        highlight=False,
    )
    _print_looks(console, num_experiments=num_experiments)


def _print_looks(console: Console, *, num_experiments: int) -> None:
    table = _table("variants", "seed deviation", "false positives")
    worlds = [
        World(num_seeds=LOOKS[-1], seed_deviation=deviation, taste=taste)
        for taste in (0.0, 0.4)
        for deviation in SEED_DEVIATIONS
    ]
    for world in track(worlds, "simulating", console=console, transient=True):
        alarms = calibrate_looks(world, LOOKS, num_experiments=num_experiments)
        variants = "two" if world.taste else "one, twice"
        table.add_row(variants, f"{world.seed_deviation}", f"{alarms:.1%}")
    console.print(
        f"--until-decided, looking after {', '.join(map(str, LOOKS))} seeds at "
        f"{significance_per_look(LOOKS):.1%} each:\n",
        highlight=False,
    )
    console.print(table)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table
