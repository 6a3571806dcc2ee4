"""A variant's speed on this machine, beside a peer's in the same minutes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from statistics import median

import torch

from bench.data.prepared import PreparedCorpus
from bench.experiment.planning import RunSpec
from bench.model.graphs import is_recorded
from bench.speed.arithmetic import Product
from bench.speed.figures import DecodingSpeed, Speed, Spread, Together, Tracking
from bench.speed.peak import matrix_peak, peak_at_shapes
from bench.speed.peers import Peer
from bench.speed.recording import time_recording
from bench.speed.side_by_side import SideBySide, side_by_side
from bench.speed.workload import Decoding, Parts, Round, Workload
from bench.training.agreement import require_agreement

WARM_UP = 25
"""Steps before the clock runs: in bfloat16 on a CPU oneDNN writes a program for each shape of a
product that it has not met, and the first tens of a training's thousands of batches meet most."""
WARM_UP_RECORDED = 500
"""Where sequences are recorded: each when its shape is met again, and the rarer ones take long."""
BEAMS = {"greedy": 1, "beam 5": 5}


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
    ours, warm_up = Workload(spec, data, device), _steps_before_the_clock(device)
    ours.train(warm_up)
    if peer is not None:
        peer.train(warm_up)
    rounds, theirs, peaks = list[Round](), list[float](), list[dict[str, float]]()
    products, precision = ours.products(), spec.config.training.precision
    for number in range(1, num_rounds + 1):
        say(f"training, round {number} of {num_rounds}")
        rounds.append(ours.train(num_batches))
        peaks.append(_peaks(device, precision, products))
        if peer is not None:
            theirs.append(peer.train(num_batches))
    done = warm_up + num_rounds * num_batches
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
            crew.train(warm_up, runs=len(crew))
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
        pairs_per_second=Spread.of(speeds),
        shares=_shares([each.parts or _parts(ours, num_batches) for each in rounds]),
        operations_per_second=median(reached),
        peak={
            **{name: median(each[name] for each in peaks) for name in peaks[0]},
            **_peaks(device, other, products),
        },
        reached={
            name: Spread.of_ratios(reached, [each[name] for each in peaks]) for name in peaks[0]
        },
        steps_before_decoding=max(done, steps_before_decoding),
        decoding=decoding,
        tracking=tracking,
        peer=peer.name if peer else "",
        peer_versions=dict(peer.versions) if peer else {},
        peer_pairs_per_second=Spread.of(theirs) if theirs else None,
        ratio=Spread.of_ratios(speeds, theirs) if theirs else None,
        together=together,
    )


def _steps_before_the_clock(device: torch.device) -> int:
    return WARM_UP_RECORDED if is_recorded(device) else WARM_UP


def _train_together(crew: SideBySide, *, num_rounds: int, num_batches: int) -> Together:
    times = []
    for _ in range(num_rounds):
        alone = crew.train(num_batches, runs=1)
        times.append(len(crew) * alone / crew.train(num_batches, runs=len(crew)))
    return Together(runs=len(crew), times=Spread.of(times))


def _track(
    ours: Workload, spec: RunSpec, data: PreparedCorpus, *, speed: float, num_rounds: int
) -> Tracking:
    pairs = spec.config.training.num_epochs * len(data.load_split("train"))
    seconds = time_recording(spec, data, ours.model, num_runs=num_rounds)
    return Tracking(
        seconds=Spread.of(seconds),
        training_seconds=pairs / speed,
        share=Spread.of([each * speed / pairs for each in seconds]),
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
        sentences_per_second=Spread.of(speeds), tokens_per_sentence=mine[0].tokens_per_sentence
    )
    if not theirs:
        return found
    others = [each.sentences_per_second for each in theirs]
    return replace(
        found,
        peer_sentences_per_second=Spread.of(others),
        peer_tokens_per_sentence=theirs[0].tokens_per_sentence,
        ratio=Spread.of_ratios(speeds, others),
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
