"""Whether the intervals keep their promise: experiments whose truth is known.

Each simulated experiment translates sentences of unequal difficulty with two variants, several
seeds each. A run has an ability of its own; a variant finds some sentences easier than the other
variant does; what is left differs from run to run. Matching n-grams are drawn accordingly and go
through the same counting, resampling and judging as recorded runs.

Shapes: M sentences, T tokens, R runs, K counts per sentence, D draws, n seeds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from bench.comparison.looks import significance_per_look
from bench.comparison.resampling import draw_weights
from bench.comparison.statistics import SIGNIFICANCE, Estimate, estimate
from bench.evaluation.metrics import NGRAM_ORDER, TEXT_METRICS
from bench.seeding import stream_seed

EASE = 1.3
"""How easily a token of a sentence of middling difficulty matches: a BLEU of about 57."""
SENTENCE_DEVIATION = 0.6
TOKEN_DEVIATION = 1.5
RUN_DEVIATION = 0.2
"""Of ease, in the same unit: between sentences, between their tokens, between runs on a token."""
MAX_TOKENS = 15
SLOPE_STEP = 0.02
SLOPE_SENTENCES = 100_000
DRAWS = 300
SEED_DEVIATIONS = (0.3, 0.5, 1.5)
"""Of BLEU: two that are published of models trained to their end, and that of the small ones here
(half of those on record scatter by 0.7 and more, some by 3)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Circumstances under which experiments are simulated."""

    num_seeds: int
    seed_deviation: float
    """Of one variant's test BLEU between seeds."""
    taste: float
    """How much the variants differ in which tokens they find easy; 0: the same variant under two
    names."""
    num_sentences: int = 1_000


class Calibration(NamedTuple):
    """How often the verdicts are right in one world."""

    world: World
    false_positives: float
    """Share of experiments without a difference in which one was found."""
    coverage: float
    """Share of intervals that held the truth."""
    single_run_false_positives: float
    """The same for one run against one run and a paired bootstrap of sentences."""
    detectable: float
    """Smallest difference in BLEU that is to be found with a power of 0.8."""
    power: float
    """Share of experiments with that true difference in which it was found."""


def calibrate(world: World, *, num_experiments: int) -> Calibration:
    """Simulate experiments without a difference, then with the smallest detectable one."""
    simulator = _Simulator(world)
    alike = [simulator.differences(0.0, number) for number in range(num_experiments)]
    estimates = [simulator.estimate(found) for found in alike]
    covered = [_holds(found, 0.0) for found in estimates]
    typical = Estimate(
        mean=0.0,
        seed_variance=float(np.mean([found.seed_variance for found in estimates])),
        sentence_variance=float(np.mean([found.sentence_variance for found in estimates])),
        num_seeds=world.num_seeds,
        num_groups=world.num_sentences,
    )
    detectable = typical.detectable(significance=SIGNIFICANCE)
    assert detectable is not None
    apart = [
        simulator.estimate(simulator.differences(detectable, num_experiments + number))
        for number in range(num_experiments)
    ]
    return Calibration(
        world=world,
        false_positives=1 - float(np.mean(covered)),
        coverage=float(np.mean([*covered, *(_holds(found, detectable) for found in apart)])),
        single_run_false_positives=float(np.mean([_bootstrap_finds(found) for found in alike])),
        detectable=detectable,
        power=float(np.mean([found.interval().low > 0 for found in apart])),
    )


def calibrate_looks(world: World, looks: Sequence[int], *, num_experiments: int) -> float:
    """Return how often looking again and again finds a difference where there is none.

    Args:
        world: its number of seeds is that of the last look.
        looks: numbers of seeds, rising.
        num_experiments: to simulate.
    """
    simulator = _Simulator(world)
    significance = significance_per_look(tuple(looks))
    alarms = 0
    for number in range(num_experiments):
        found = simulator.differences(0.0, number)
        alarms += any(
            not _holds(simulator.estimate(found, num_seeds=seeds), 0.0, significance)
            for seeds in looks
        )
    return alarms / num_experiments


class _Differences(NamedTuple):
    values: NDArray[np.float64]  # (n,) paired differences in BLEU
    draws: NDArray[np.float64]  # (D, n) the same on draws of sentences


class _Simulator:
    def __init__(self, world: World) -> None:
        self.world = world
        self._bleu = TEXT_METRICS.get("bleu", where="simulation").from_totals
        rng = np.random.default_rng(stream_seed(0, "draws"))
        self._weights = draw_weights(rng, DRAWS, world.num_sentences)
        self._slope = self._measure_slope()

    def estimate(self, found: _Differences, *, num_seeds: int | None = None) -> Estimate:
        return estimate(
            found.values[:num_seeds].tolist(),
            found.draws[:, :num_seeds],
            num_groups=self.world.num_sentences,
        )

    def differences(self, truth: float, number: int) -> _Differences:
        """Simulate one experiment in which the second variant is better by `truth` BLEU."""
        world = self.world
        rng = np.random.default_rng(stream_seed(number, "experiment"))
        lengths, ease = _draw_sentences(rng, world.num_sentences)
        counts = []
        for better in (0.0, truth):
            ability = better + world.seed_deviation * rng.standard_normal(world.num_seeds)
            own = ease + world.taste * rng.standard_normal(ease.shape)
            counts.append(_translate(rng, lengths, own + ability / self._slope))
        both = np.concatenate(counts, axis=1)  # (M, R, K)
        values = self._bleu(both.sum(0))
        flat = both.reshape(len(both), -1).astype(np.float32)
        draws = self._bleu((self._weights @ flat).reshape(DRAWS, -1, both.shape[-1]))
        seeds = world.num_seeds
        return _Differences(values[seeds:] - values[:seeds], draws[:, seeds:] - draws[:, :seeds])

    def _measure_slope(self) -> float:
        """Measure by how much BLEU rises with ability."""
        scores = []
        for ability in (-SLOPE_STEP, SLOPE_STEP):
            rng = np.random.default_rng(1)  # the same sentences for both
            lengths, ease = _draw_sentences(rng, SLOPE_SENTENCES)
            own = ease + self.world.taste * rng.standard_normal(ease.shape)
            scores.append(float(self._bleu(_translate(rng, lengths, own + ability).sum(0))[0]))
        return (scores[1] - scores[0]) / (2 * SLOPE_STEP)


def _draw_sentences(
    rng: np.random.Generator, num_sentences: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw lengths, (M, 1), and the ease of every token, (M, T, 1)."""
    lengths = rng.integers(4, MAX_TOKENS + 1, size=(num_sentences, 1))
    ease = EASE + SENTENCE_DEVIATION * rng.standard_normal((num_sentences, 1, 1))
    return lengths, ease + TOKEN_DEVIATION * rng.standard_normal((num_sentences, MAX_TOKENS, 1))


def _translate(
    rng: np.random.Generator, lengths: NDArray[np.int64], ease: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Count, for BLEU, the n-grams of translations as long as their references, (M, R, K).

    Args:
        rng: chance.
        lengths: tokens of each sentence, (M, 1).
        ease: of each token for each run, above zero where it is likelier to match, (M, T, R).
    """
    matching = ease + RUN_DEVIATION * rng.standard_normal(ease.shape) > 0
    matching &= (np.arange(MAX_TOKENS) < lengths)[..., None]
    tokens = np.broadcast_to(lengths, (ease.shape[0], ease.shape[2]))
    run, matches = matching, []
    for order in range(1, NGRAM_ORDER + 1):
        matches.append(run.sum(1))
        run = run[:, :-1] & matching[:, order:]
    ngrams = [np.maximum(tokens - order, 0) for order in range(NGRAM_ORDER)]
    return np.stack([tokens, tokens, *matches, *ngrams], axis=-1)


def _holds(found: Estimate, truth: float, significance: float = SIGNIFICANCE) -> bool:
    interval = found.interval(significance=significance)
    return bool(interval.low <= truth <= interval.high)


def _bootstrap_finds(found: _Differences) -> bool:
    """Tell whether one run of each and a bootstrap of sentences would call it a difference."""
    error = float(found.draws[:, 0].std())
    return bool(abs(float(found.values[0])) > norm.isf(SIGNIFICANCE / 2) * error)


def standard_worlds() -> Iterator[World]:
    """List the worlds that the promise is about: few seeds and many, steady and unsteady."""
    for taste in (0.0, 0.4):
        for deviation in SEED_DEVIATIONS:
            for num_seeds in (3, 5, 10):
                yield World(num_seeds=num_seeds, seed_deviation=deviation, taste=taste)
