"""Results of runs that nobody trained."""

from collections.abc import Iterable, Sequence

import numpy as np

from bench.comparison.comparing import compare
from bench.comparison.comparison import Comparison
from bench.comparison.resampling import METRICS, Draws
from bench.tracking.result import EpochRecord, RunResult

NUM_SENTENCES = 40


def result(variant: str, seed: int, bleu: float | None) -> RunResult:
    """Make a result with this test BLEU, or a diverged one."""
    test = (
        {}
        if bleu is None
        else {"bleu": bleu, "chrf": 50.0, "loss": 1.5, "sentences_per_second": 9.0}
    )
    return RunResult(
        identity=f"{variant}{seed}",
        variant=variant,
        seed=seed,
        outcome="diverged" if bleu is None else "finished",
        detail="",
        parameters=1000,
        best_epoch=1,
        epochs=(EpochRecord(epoch=1, metrics={"validation/bleu": 1.0, "train/seconds": 10.0}),),
        test=test,
        signatures={"bleu": "case:lc"} if test else {},
        hypotheses=(),
        sentence_losses=(1.5,) * NUM_SENTENCES if test else (),
        sentence_tokens=(1,) * NUM_SENTENCES if test else (),
        training_seconds=10.0,
        pairs_per_second=500.0,
        peak_memory_bytes=1,
        device="cpu",
        precision="float32",
    )


def steady(runs: Iterable[RunResult]) -> Draws:
    """Give every run its own score on every draw: the choice of sentences makes no difference."""
    finished = [run for run in runs if run.test]
    scores = {
        metric: {run.identity: np.full(20, run.test[metric]) for run in finished}
        for metric in METRICS
    }
    return Draws(scores, num_groups=NUM_SENTENCES)


def comparison(*scores: Sequence[float | None]) -> Comparison:
    """Compare variants a, b, … with these test scores, seed by seed; a is the baseline."""
    results = {
        name: [result(name, seed, bleu) for seed, bleu in enumerate(found)]
        for name, found in zip("abcdefgh", scores, strict=False)
    }
    runs = [run for found in results.values() for run in found]
    return compare("Does it?", results, steady(runs), baseline="a", margin=0.5)
