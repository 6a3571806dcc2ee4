"""What stands in which cell."""

from dataclasses import replace

from bench.comparison.columns import TABLES
from bench.comparison.comparison import Comparison
from bench.comparison.statistics import Interval
from tests.comparison.examples import comparison


def compared() -> Comparison:
    """Compare two variants none of whose numbers are alike."""
    found = comparison([20, 21, 22], [25, 20, 23])
    first, second = found.rows
    assert second.difference is not None
    scores = {"bleu": (30.0, 29.0, 31.5), "chrf": (41.0, 40.0, 42.0), "loss": (1.25, 1.0, 1.5)}
    intervals = {metric: Interval(*values) for metric, values in scores.items()}
    difference = replace(
        second.difference,
        by_metric={
            "bleu": Interval(1.5, -0.5, 3.5),
            "chrf": Interval(2.5, 0.5, 4.5),
            "loss": Interval(-0.125, -0.25, 0.0),
        },
        verdict="undetermined",
        seed_deviation=0.75,
        sentence_deviation=0.35,
        detectable=4.25,
        seeds_needed=17,
        at_equal_time=Interval(-1.0, -2.0, 0.5),
    )
    row = replace(
        second,
        scores=intervals,
        parameters=1_020,
        training_seconds=77.0,
        pairs_per_second=1_234.0,
        sentences_per_second=567.0,
        peak_memory_bytes=89 * 2**20,
        difference=difference,
    )
    return replace(found, rows=[first, row])


def cells(found: Comparison) -> dict[str, str]:
    """Read the second row, by heading."""
    return {
        " ".join(column.heading.split()): column.cell(found.rows[1], found)
        for table in TABLES
        for column in table.columns
    }


def test_every_figure_stands_under_its_heading() -> None:
    """With as many digits as it has a right to."""
    assert cells(compared()) == {
        "seeds": "3",
        "BLEU": "30.00 [29.00, 31.50]",
        "Δ BLEU": "+1.50 [-0.50, +3.50]",
        "verdict": "undetermined",
        "chrF": "41.0",
        "Δ chrF": "+2.5 [+0.5, +4.5]",
        "loss": "1.250",
        "Δ loss": "-0.125 [-0.250, +0.000]",
        "parameters": "1,020 (×1.02)",
        "training, s": "77",
        "pairs/s": "1,234",
        "decoded/s": "567",
        "MiB": "89",
        "deviation by seeds": "0.75",
        "by test sentences": "0.35",
        "detectable": "4.25",
        "seeds needed": "17",
        "Δ at equal training time": "-1.0 [-2.0, +0.5]",
    }


def test_more_seeds_than_anybody_trains_are_not_counted() -> None:
    """A thousand at most."""
    found = compared()
    assert found.rows[1].difference is not None
    difference = replace(found.rows[1].difference, seeds_needed=None)
    rows = [found.rows[0], replace(found.rows[1], difference=difference)]

    assert cells(replace(found, rows=rows))["seeds needed"] == "over 1,000"
