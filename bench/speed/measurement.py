"""A variant's speed on this machine, beside a peer's in the same minutes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from statistics import median
from time import perf_counter

import torch
from pydantic.dataclasses import dataclass

from bench.data.batching import sorted_batches
from bench.data.prepared import PreparedCorpus
from bench.evaluation.decoding import beam_search, greedy
from bench.experiment.planning import RunSpec
from bench.speed.peak import matrix_peak
from bench.speed.peers import Peer
from bench.speed.workload import Round, Workload
from bench.training.device import autocast

WARM_UP = 3
BEAM = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """A figure measured several times."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """What was measured."""

    variant: str
    device: str
    precision: str
    threads: int
    pairs_per_second: Spread
    shares: Mapping[str, float]
    """Of the training seconds, by part."""
    operations_per_second: float
    """Of matrix products that cannot be done without, padding not counted."""
    peak: Mapping[str, float]
    """Operations per second of this machine's matrix products, by number format: `float32` and
    `bfloat16` of a large square, `… here` in the shape of the output matrix."""
    sentences_per_second: Mapping[str, float]
    """Decoded, `greedy` and with a beam."""
    peer: str = ""
    peer_pairs_per_second: Spread | None = None
    ratio: Spread | None = None
    """Ours to the peer's, round by round."""


def measure(  # noqa: PLR0913 - what, where, against whom, how long
    spec: RunSpec,
    data: PreparedCorpus,
    device: torch.device,
    *,
    peer: Peer | None,
    num_rounds: int,
    num_batches: int,
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
        say: told what is happening.
    """
    say("warming up")
    ours = Workload(spec, data, device)
    ours.train(WARM_UP)
    if peer is not None:
        peer.train(WARM_UP)
    rounds, theirs = list[Round](), list[float]()
    for number in range(1, num_rounds + 1):
        say(f"training, round {number} of {num_rounds}")
        rounds.append(ours.train(num_batches))
        if peer is not None:
            theirs.append(peer.train(num_batches))
    say("decoding")
    decoded = _decode(ours, data)
    say("measuring matrix products")
    ratios = [mine.pairs_per_second / other for mine, other in zip(rounds, theirs, strict=False)]
    seconds = [each.parts.total for each in rounds]
    return Speed(
        variant=spec.variant,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        precision=spec.config.training.precision,
        threads=torch.get_num_threads(),
        pairs_per_second=_spread([each.pairs_per_second for each in rounds]),
        shares=_shares(rounds),
        operations_per_second=median(
            each.operations / took for each, took in zip(rounds, seconds, strict=True)
        ),
        peak=_peaks(ours),
        sentences_per_second=decoded,
        peer=peer.name if peer else "",
        peer_pairs_per_second=_spread(theirs) if theirs else None,
        ratio=_spread(ratios) if ratios else None,
    )


def _shares(rounds: Sequence[Round]) -> dict[str, float]:
    total = sum(each.parts.total for each in rounds)
    names = asdict(rounds[0].parts)
    return {name: sum(getattr(each.parts, name) for each in rounds) / total for name in names}


def _peaks(ours: Workload) -> dict[str, float]:
    matrix = ours.model.output.linear.weight
    rows = ours.config.training.batch_size * 4
    shape = (rows, matrix.shape[1], matrix.shape[0])
    peaks = {}
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        peaks[name] = matrix_peak(ours.device, dtype)
        peaks[f"{name} here"] = matrix_peak(ours.device, dtype, shape=shape)
    return peaks


def _decode(ours: Workload, data: PreparedCorpus) -> dict[str, float]:
    """Decode the validation split greedily and with a beam; the model has hardly been trained."""
    split, config = data.load_split("validation"), ours.config.evaluation
    ours.model.eval()
    found = {}
    for name, beam in (("greedy", 1), (f"beam {BEAM}", BEAM)):
        started = perf_counter()
        for batch in sorted_batches(split, batch_size=config.batch_size):
            moved = batch.to(ours.device)
            with autocast(ours.device, ours.config.training.precision):
                if beam == 1:
                    greedy(
                        ours.model,
                        moved.source,
                        moved.source_lengths,
                        max_length=config.max_length,
                    )
                else:
                    beam_search(
                        ours.model,
                        moved.source,
                        moved.source_lengths,
                        beam_size=beam,
                        length_penalty=config.length_penalty,
                        max_length=config.max_length,
                    )
        found[name] = len(split) / (perf_counter() - started)
    ours.model.train()
    return found


def _spread(values: Sequence[float]) -> Spread:
    return Spread(median=median(values), low=min(values), high=max(values))
