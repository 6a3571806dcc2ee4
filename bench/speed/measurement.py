"""A variant's speed on this machine, beside a peer's in the same minutes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, field, replace
from statistics import median

import torch
from pydantic.dataclasses import dataclass

from bench.data.prepared import PreparedCorpus
from bench.experiment.planning import RunSpec
from bench.speed.arithmetic import Product
from bench.speed.peak import matrix_peak, peak_at_shapes
from bench.speed.peers import Peer
from bench.speed.recording import time_recording
from bench.speed.side_by_side import SideBySide, side_by_side
from bench.speed.workload import Decoding, Parts, Round, Workload
from bench.training.agreement import require_agreement

WARM_UP = 25
"""Steps before the clock runs: in bfloat16 on a CPU oneDNN writes a program for each shape of a
product that it has not met, and the first tens of a training's thousands of batches meet most."""
BEAMS = {"greedy": 1, "beam 5": 5}


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """A figure measured several times."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodingSpeed:
    """What translating the validation split took."""

    sentences_per_second: Spread
    tokens_per_sentence: float
    """Of the translations: speeds are to be compared where this is alike."""
    peer_sentences_per_second: Spread | None = None
    peer_tokens_per_sentence: float | None = None
    ratio: Spread | None = None
    """Ours to the peer's, round by round."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tracking:
    """What keeping a run's record took, in the process that schedules the runs."""

    seconds: Spread
    """From opening a run in the store to closing it, its training left out."""
    training_seconds: float
    """That all its epochs would take at the speed measured."""
    share: Spread
    """Of these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """What several runs at a time took, each in a process of its own."""

    runs: int
    times: Spread
    """Of the time of one alone, round by round, for as much work each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """What was measured."""

    variant: str
    device: str
    precision: str
    threads: int
    num_rounds: int
    num_batches: int
    """In a round."""
    pairs_per_second: Spread
    shares: Mapping[str, float]
    """Of the training seconds, by part."""
    operations_per_second: float
    """Of matrix products that cannot be done without, padding not counted."""
    peak: Mapping[str, float]
    """Operations per second of this machine's matrix products, by number format: `float32` and
    `bfloat16` of a large square, `… here` of a training step's own products, each alone. Medians
    of the rounds for the format that is trained in, the other is measured once."""
    reached: Mapping[str, Spread]
    """Share of either peak that training reached, round by round: the machine is not as fast in one
    minute as in the next, and a peak of another minute would say little."""
    steps_before_decoding: int
    """That both had been trained for."""
    decoding: Mapping[str, DecodingSpeed]
    """`greedy` and with a beam."""
    tracking: Tracking
    peer: str = ""
    peer_versions: Mapping[str, str] = field(default_factory=dict)
    """Of what it runs on, if that is an environment of its own."""
    peer_pairs_per_second: Spread | None = None
    ratio: Spread | None = None
    """Ours to the peer's, round by round."""
    together: Together | None = None
    """Several runs at a time, if that was asked for."""


def measure(  # noqa: PLR0913 - what, where, against whom, how long
    spec: RunSpec,
    data: PreparedCorpus,
    device: torch.device,
    *,
    peer: Peer | None,
    num_rounds: int,
    num_batches: int,
    steps_before_decoding: int = 0,
    num_jobs: int = 1,
    say: Callable[[str], None],
) -> Speed:
    """Train and decode in turns with a peer, and measure the machine.

    Args:
        spec: of the variant.
        data: prepared.
        device: where.
        peer: who else; None for nobody.
        num_rounds: turns of each.
        num_batches: training steps of a turn.
        steps_before_decoding: training steps at least that both take before they decode.
        num_jobs: runs to be trained at a time as well; 1 for none.
        say: told what is happening.
    """
    require_agreement(device)
    say("warming up")
    ours = Workload(spec, data, device)
    ours.train(WARM_UP)
    if peer is not None:
        peer.train(WARM_UP)
    rounds, theirs, peaks = list[Round](), list[float](), list[dict[str, float]]()
    products, precision = ours.products(), spec.config.training.precision
    for number in range(1, num_rounds + 1):
        say(f"training, round {number} of {num_rounds}")
        rounds.append(ours.train(num_batches))
        peaks.append(_peaks(device, precision, products))
        if peer is not None:
            theirs.append(peer.train(num_batches))
    done = WARM_UP + num_rounds * num_batches
    if done < steps_before_decoding:
        say(f"training both up to {steps_before_decoding} steps")
        ours.train(steps_before_decoding - done)
        if peer is not None:
            peer.train(steps_before_decoding - done)
    decoding = {}
    for name, beam in BEAMS.items():
        say(f"decoding, {name}")
        decoding[name] = _decode(ours, peer, beam, num_rounds=num_rounds)
    speeds = [each.pairs_per_second for each in rounds]
    say("recording")
    tracking = _track(ours, spec, data, speed=median(speeds), num_rounds=num_rounds)
    together = None
    if num_jobs > 1:
        say(f"training {num_jobs} at a time, and one alone")
        with side_by_side(spec, data, device, runs=num_jobs) as crew:
            together = _train_together(crew, num_rounds=num_rounds, num_batches=num_batches)
    other = "float32" if precision == "bfloat16" else "bfloat16"
    reached = [each.operations / each.seconds for each in rounds]
    return Speed(
        variant=spec.variant,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        precision=precision,
        threads=torch.get_num_threads(),
        num_rounds=num_rounds,
        num_batches=num_batches,
        pairs_per_second=_spread(speeds),
        shares=_shares([each.parts or _parts(ours, num_batches) for each in rounds]),
        operations_per_second=median(reached),
        peak={
            **{name: median(each[name] for each in peaks) for name in peaks[0]},
            **_peaks(device, other, products),
        },
        reached={name: _ratio(reached, [each[name] for each in peaks]) for name in peaks[0]},
        steps_before_decoding=max(done, steps_before_decoding),
        decoding=decoding,
        tracking=tracking,
        peer=peer.name if peer else "",
        peer_versions=dict(peer.versions) if peer else {},
        peer_pairs_per_second=_spread(theirs) if theirs else None,
        ratio=_ratio(speeds, theirs) if theirs else None,
        together=together,
    )


def _train_together(crew: SideBySide, *, num_rounds: int, num_batches: int) -> Together:
    crew.train(WARM_UP, runs=len(crew))
    times = []
    for _ in range(num_rounds):
        alone = crew.train(num_batches, runs=1)
        times.append(len(crew) * alone / crew.train(num_batches, runs=len(crew)))
    return Together(runs=len(crew), times=_spread(times))


def _track(
    ours: Workload, spec: RunSpec, data: PreparedCorpus, *, speed: float, num_rounds: int
) -> Tracking:
    pairs = spec.config.training.num_epochs * len(data.load_split("train"))
    seconds = time_recording(spec, data, ours.model, num_runs=num_rounds)
    return Tracking(
        seconds=_spread(seconds),
        training_seconds=pairs / speed,
        share=_spread([each * speed / pairs for each in seconds]),
    )


def _decode(ours: Workload, peer: Peer | None, beam: int, *, num_rounds: int) -> DecodingSpeed:
    mine, theirs = list[Decoding](), list[Decoding]()
    for _ in range(num_rounds):
        mine.append(ours.decode(beam))
        other = peer.decode(beam) if peer else None
        if other is not None:
            theirs.append(other)
    speeds = [each.sentences_per_second for each in mine]
    found = DecodingSpeed(
        sentences_per_second=_spread(speeds), tokens_per_sentence=mine[0].tokens_per_sentence
    )
    if not theirs:
        return found
    others = [each.sentences_per_second for each in theirs]
    return replace(
        found,
        peer_sentences_per_second=_spread(others),
        peer_tokens_per_sentence=theirs[0].tokens_per_sentence,
        ratio=_ratio(speeds, others),
    )


def _parts(ours: Workload, num_batches: int) -> Parts:
    parts = ours.train(num_batches, by_part=True).parts
    assert parts is not None
    return parts


def _shares(rounds: Sequence[Parts]) -> dict[str, float]:
    total = sum(parts.total for parts in rounds)
    names = asdict(rounds[0])
    return {name: sum(getattr(parts, name) for parts in rounds) / total for name in names}


def _peaks(device: torch.device, name: str, products: Sequence[Product]) -> dict[str, float]:
    dtype = getattr(torch, name)
    return {
        name: matrix_peak(device, dtype),
        f"{name} here": peak_at_shapes(device, dtype, products),
    }


def _spread(values: Sequence[float]) -> Spread:
    return Spread(median=median(values), low=min(values), high=max(values))


def _ratio(mine: Sequence[float], theirs: Sequence[float]) -> Spread:
    return _spread([one / other for one, other in zip(mine, theirs, strict=True)])
