"""From a session's recorded results to the answer of its question."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bench.comparison.comparing import compare
from bench.comparison.comparison import Comparison
from bench.comparison.looks import all_looks
from bench.comparison.resampling import resample
from bench.data.corpus import SentencePair
from bench.errors import TrackingError
from bench.session.session import Session
from bench.tracking.result import RunResult


def look(
    session: Session, results: Mapping[str, RunResult], *, planned: Sequence[int] = ()
) -> Comparison:
    """Compare what there is of the planned runs, and keep on record that it was looked at.

    Who adds seeds afterwards looks for a second time, whether he planned to or not.

    Args:
        session: with the plan.
        results: by identity.
        planned: numbers of seeds at which to look; if none are given, at those of the plan alone.
    """
    num_seeds = len({spec.seed for spec in session.specs})
    looks = planned or ((num_seeds,) if num_seeds > 1 else ())
    session.tracker.plan_looks(results, looks)
    return compare_results(session, results)


def look_again(session: Session, results: Mapping[str, RunResult]) -> tuple[Comparison, int]:
    """Compare what is on record; with more seeds than at any look before, that is one, too.

    So is that at a plan which was left before its end. A store that cannot be written to keeps
    nothing on record.

    Args:
        session: with the plan.
        results: by identity.

    Returns:
        the answer, and at how many seeds it was looked at for the first time, 0 if it was not.
    """
    num_seeds = _seeds_to_be_seen(session, results_by_variant(session, results))
    known = all_looks(session.tracker.recorded_looks(results))
    is_new = num_seeds > max([1, *known])
    if is_new:
        try:
            session.tracker.plan_looks(results, (num_seeds,))
        except TrackingError:
            is_new = False
    return compare_results(session, results), num_seeds if is_new else 0


def compare_results(session: Session, results: Mapping[str, RunResult]) -> Comparison:
    """Compare what there is of the planned runs.

    Args:
        session: with the plan.
        results: by identity.
    """
    experiment = session.experiment
    by_variant = results_by_variant(session, results)
    finished = [run for runs in by_variant.values() for run in runs if run.outcome == "finished"]
    config = experiment.variants[experiment.baseline].config
    comparison = compare(
        experiment.question,
        by_variant,
        resample(
            finished,
            test_pairs(session),
            lowercase=config.data.lowercase,
        ),
        baseline=experiment.baseline,
        margin=config.evaluation.equivalence_margin,
        looks=all_looks(
            session.tracker.recorded_looks(results),
            num_seeds=_seeds_to_be_seen(session, by_variant),
        ),
        target_vocabularies={
            spec.variant: session.data[spec.data_fingerprint].target_vocabulary.tokens
            for spec in session.specs
        },
    )
    return replace(comparison, scope=_scope(session), exploratory=experiment.adhoc)


def _seeds_to_be_seen(session: Session, by_variant: Mapping[str, Sequence[RunResult]]) -> int:
    """Return on how many seeds the baseline and another variant have finished, at most."""
    finished = {
        name: {run.seed for run in runs if run.outcome == "finished"}
        for name, runs in by_variant.items()
    }
    baseline = finished.pop(session.experiment.baseline)
    return max((len(baseline & seeds) for seeds in finished.values()), default=0)


def _scope(session: Session) -> str:
    """Say how long is trained on what, from the least of any variant to the most."""
    ledgers = [session.data[spec.data_fingerprint].ledger for spec in session.specs]
    epochs = {spec.config.training.num_epochs for spec in session.specs}
    return (
        f"Profile {session.specs[0].profile}: {_range(epochs)} "
        f"{'epoch' if epochs == {1} else 'epochs'} of "
        f"{_range({ledger.train_pairs for ledger in ledgers})} training pairs, {ledgers[0].corpus}"
    )


def _range(numbers: Collection[int]) -> str:
    return " to ".join(f"{number:,}" for number in sorted({min(numbers), max(numbers)}))


def results_by_variant(
    session: Session, results: Mapping[str, RunResult]
) -> dict[str, list[RunResult]]:
    """Sort what there is of the planned runs by variant."""
    by_variant: dict[str, list[RunResult]] = {name: [] for name in session.experiment.variants}
    for spec in session.specs:
        if spec.identity in results:
            # Two variants may be one and the same run; each shows it under its own name.
            result = replace(results[spec.identity], variant=spec.variant)
            by_variant[spec.variant].append(result)
    return by_variant


def test_pairs(session: Session) -> Sequence[SentencePair]:
    """Return the test split, which all variants share."""
    return session.data[session.specs[0].data_fingerprint].load_split("test").pairs
