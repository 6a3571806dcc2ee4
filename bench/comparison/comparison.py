"""The answer, as numbers: each variant's scores, and its differences to the baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.comparison.statistics import Interval, Verdict

NEXT_TO_NOTHING = 2.0
"""BLEU under which a model has hardly found out which words there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A variant minus the baseline, on the seeds that both finished."""

    by_metric: Mapping[str, Interval]
    """At Holm's share of the permitted error, metric by metric."""
    verdict: Verdict | Literal["same runs"]
    """By BLEU; none where the variant's settings are the baseline's."""
    significance: float
    """At which BLEU's interval stands: its share of the permitted error."""
    p_value: float
    """Of BLEU, not corrected."""
    num_seeds: int
    seeds_ahead: int
    """Of them, those on which the variant had the higher BLEU."""
    sign_p_value: float
    """Of the sign test on these, which assumes nothing of how differences are spread."""
    seed_deviation: float | None
    """Of the difference in BLEU between seeds, or its floor; None of one."""
    sentence_deviation: float
    """Of the mean difference in BLEU, by the choice of test sentences."""
    detectable: float | None
    """Smallest true difference in BLEU that is found here with a power of 0.8; None of one seed,
    and of seeds that gave the same."""
    seeds_needed: int | None
    """Seeds that would find a true difference of the observed size; None: no number would within
    1,000, given these test sentences."""
    lost: int = 0
    """By how many more runs the variant diverged than the baseline, on the seeds of both."""
    at_equal_time: Interval
    """In validation BLEU, when the faster of the two had finished; by seeds alone, 95 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantRow:
    """One variant over its seeds."""

    variant: str
    is_baseline: bool
    num_finished: int
    num_diverged: int
    scores: Mapping[str, Interval]
    """Mean test score over seeds with its 95 % interval, by metric; empty if no run finished."""
    parameters: int | None
    """None where there is no run."""
    training_seconds: float | None
    """Mean of those that finished, as are the next two; None if none did."""
    pairs_per_second: float | None
    sentences_per_second: float | None
    peak_memory_bytes: int | None
    """The most of any run that finished; None if none did."""
    difference: Difference | None
    """None for the baseline, and where nothing can be paired."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The answer, as numbers."""

    question: str
    rows: Sequence[VariantRow]
    margin: float
    """Differences in BLEU within ± this count as none."""
    num_sentences: int
    """Of the test split."""
    looks: Sequence[int]
    """Numbers of seeds at which the answer was, or is, to be looked at; one: all at once."""
    significance: float
    """That all differences share; smaller than 0.05 where there are several looks."""
    signature: str
    """Of the BLEU scores."""
    scope: str = ""
    """How long was trained on what: an answer is about no more than that."""
    num_groups: int = 0
    """Of test sentences that share a side and were drawn together; 0 where each was on its own."""
    exploratory: Sequence[str] = ()
    """Settings changed on the command line, of which the experiment's file knows nothing."""
    computed_on: Sequence[str] = ()
    """Kinds of device of all runs, each with its number format where one variant's differ in it."""
    clocks: Sequence[str] = ("wall",)
    """That all runs' seconds are by: `processor` or `wall`, or both."""

    @property
    def baseline(self) -> VariantRow:
        """Return the variant that the others are compared with."""
        return next(row for row in self.rows if row.is_baseline)

    @property
    def num_seeds(self) -> int:
        """Return how many seeds the answers rest on, at most."""
        paired = [row.difference.num_seeds for row in self.rows if row.difference is not None]
        return max(paired or [row.num_finished for row in self.rows])

    def has_learnt_little(self, row: VariantRow) -> bool:
        """Tell whether a variant and the baseline have hardly learnt anything."""
        if row.difference is None or row.difference.verdict == "same runs":
            return False
        return max(each.scores["bleu"].estimate for each in (row, self.baseline)) < NEXT_TO_NOTHING

    @property
    def decided(self) -> bool:
        """Tell whether every difference has a verdict other than undetermined."""
        return all(
            row.difference is not None and row.difference.verdict != "undetermined"
            for row in self.rows
            if not row.is_baseline
        )
