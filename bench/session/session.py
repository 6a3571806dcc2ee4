"""What most commands begin with: the experiment, its data, its plan and its record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import torch

from bench.data.config import DataConfig
from bench.data.preparation import prepare
from bench.data.prepared import PreparedCorpus
from bench.data.vectors.preparation import PreparedVectors, Side, prepare_vectors
from bench.errors import BenchError, UnknownNameError
from bench.experiment.loading import check_seeds, load_experiment
from bench.experiment.planning import RunSpec, plan
from bench.experiment.schema import Experiment
from bench.session.selection import Selection, parse_seeds
from bench.tracking.mlflow_tracker import MlflowTracker
from bench.tracking.result import RunResult
from bench.tracking.store import created_beside, tracking_uri
from bench.training.device import choose_device

Say = Callable[[str], None]
SIDES: dict[str, tuple[Side, ...]] = {
    "both": ("source", "target"),
    "source": ("source",),
    "target": ("target",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """An experiment, its data and its runs: all that is there without a record."""

    selection: Selection
    """What was asked for."""
    experiment: Experiment
    specs: Sequence[RunSpec]
    data: Mapping[str, PreparedCorpus]
    """By fingerprint."""
    uri: str
    """Of the tracking store, which need not be there."""
    device: torch.device


@dataclass(frozen=True, kw_only=True, slots=True)
class Session(Planned):
    """An experiment ready to run or to be looked at."""

    tracker: MlflowTracker


AnyPlanned = TypeVar("AnyPlanned", bound=Planned)


def plan_selection(selection: Selection, *, say: Say) -> Planned:
    """Load, check, prepare and plan; nothing is trained, and no store opened.

    Args:
        selection: of the command line.
        say: told what is happening.
    """
    experiment = _load(selection)
    device = choose_device(selection.device)
    prepared = prepare_all(experiment, say=say)
    _check_same_test(experiment, prepared)
    vectors = prepare_all_vectors(experiment, prepared, say=say)
    return Planned(
        selection=selection,
        experiment=experiment,
        specs=plan(experiment, prepared, device=device, vectors=vectors),
        data={corpus.fingerprint: corpus for corpus in prepared.values()},
        uri=tracking_uri(selection.tracking_uri),
        device=device,
    )


def open_selection(selection: Selection, *, say: Say) -> Session:
    """Do what `plan_selection` does and open the record, which is made if there is none.

    Args:
        selection: of the command line.
        say: told what is happening.
    """
    with created_beside(tracking_uri(selection.tracking_uri)) as creating:
        if creating:
            say("creating the tracking store (once), and preparing the data beside")
        planned = plan_selection(selection, say=say)
        if creating:
            say("waiting for the tracking store")
    say("opening the tracking store")
    return open_record(planned)


def open_record(planned: Planned) -> Session:
    """Open the record of an experiment."""
    experiment = planned.experiment
    tracker = MlflowTracker(planned.uri, experiment=experiment.name, question=experiment.question)
    parts = {field.name: getattr(planned, field.name) for field in fields(Planned)}
    return Session(**parts, tracker=tracker)


def require_results(session: Session, *, maker: str = "run") -> dict[str, RunResult]:
    """Return the recorded results of the plan, by identity.

    Args:
        session: with the plan.
        maker: command that makes such results.

    Raises:
        BenchError: when there is none, or none of a seed that was asked for.
    """
    results = session.tracker.find_results([spec.identity for spec in session.specs])
    if not results:
        raise BenchError(
            f"no recorded run of {session.experiment.name} with these settings and this corpus, "
            f"though there may be some with others; {session.selection.typed(maker)} makes them"
        )
    found = {spec.seed for spec in session.specs if spec.identity in results}
    missing = sorted({spec.seed for spec in session.specs} - found)
    if missing and session.selection.seeds is not None:
        raise BenchError(
            f"nothing is recorded of {'seed' if len(missing) == 1 else 'seeds'} "
            f"{', '.join(map(str, missing))}; try {session.selection.typed(maker)}"
        )
    return results


def prepare_all(experiment: Experiment, *, say: Say) -> dict[DataConfig, PreparedCorpus]:
    """Prepare the data of every variant; most share one."""
    return {config: prepare(config, say=say) for config in data_configs(experiment)}


def prepare_all_vectors(
    experiment: Experiment, prepared: Mapping[DataConfig, PreparedCorpus], *, say: Say
) -> dict[str, PreparedVectors]:
    """Prepare the vectors of every variant whose embeddings begin at some, by variant."""
    found = {}
    for name, variant in experiment.variants.items():
        config, model = variant.config, variant.config.model
        if model.embedding_init != "random":
            found[name] = prepare_vectors(
                config.vectors,
                prepared[config.data],
                dim=model.embedding_dim,
                sides=SIDES[model.embedding_init_sides],
                say=say,
            )
    return found


def data_configs(experiment: Experiment) -> list[DataConfig]:
    """List the data configs of all variants, each once."""
    return list(dict.fromkeys(variant.config.data for variant in experiment.variants.values()))


def with_seeds(session: Session, seeds: Sequence[int]) -> Session:
    """Return the same session with other seeds."""
    first = session.specs[0].seed
    one_each = [spec for spec in session.specs if spec.seed == first]
    specs = [replace(spec, seed=seed) for seed in seeds for spec in one_each]
    return replace(session, specs=specs)


def with_variants(session: AnyPlanned, names: Sequence[str]) -> AnyPlanned:
    """Return the same session with some of its variants, in the experiment's order.

    Raises:
        BenchError: for a name that is not known, or without the baseline.
    """
    experiment = session.experiment
    for name in names:
        if name not in experiment.variants:
            raise UnknownNameError("variant", name, experiment.variants, where=experiment.name)
    if experiment.baseline not in names:
        raise BenchError(
            f"{experiment.name}: variants are compared with the baseline; name "
            f"{experiment.baseline} too"
        )
    chosen = {name: found for name, found in experiment.variants.items() if name in names}
    return replace(
        session,
        experiment=replace(experiment, variants=chosen),
        specs=[spec for spec in session.specs if spec.variant in chosen],
    )


def with_recorded_seeds(session: Session) -> Session:
    """Return the same session with every seed that has been recorded for its variants."""
    return with_seeds(session, sorted(other_seeds(session) | {spec.seed for spec in session.specs}))


def other_seeds(session: Session) -> set[int]:
    """Return the seeds recorded for any of its variants that are not in the plan."""
    recorded = session.tracker.recorded_seeds({spec.group for spec in session.specs})
    return recorded - {spec.seed for spec in session.specs}


def _check_same_test(experiment: Experiment, prepared: Mapping[DataConfig, PreparedCorpus]) -> None:
    """Refuse variants whose scores could not be compared, before the first of them is trained."""
    own_case = {config.lowercase for config in prepared}
    first, *others = (list(corpus.load_split("test").pairs) for corpus in prepared.values())
    if len(own_case) > 1 or any(other != first for other in others):
        raise BenchError(
            f"{experiment.name}: the variants' [data] settings lead to different test splits, or "
            "to scores with and without case, which cannot be compared"
        )
    if len(first) < 2:  # nothing says how much it owes to chance
        raise BenchError(f"{experiment.name}: a test split of one sentence compares nothing")


def _load(selection: Selection) -> Experiment:
    experiment = load_experiment(
        selection.experiment,
        profile=selection.profile,
        overrides=selection.overrides,
        corpus=selection.corpus,
    )
    seeds = parse_seeds(selection.seeds)
    if seeds is None:
        return experiment
    return replace(experiment, seeds=check_seeds(seeds, where="--seeds"))
