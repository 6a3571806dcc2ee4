"""What is measured of a variant's speed."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from statistics import median
from typing import Self

from pydantic.dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """A figure measured several times."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Take the median and the ends of some values."""
        return cls(median=median(values), low=min(values), high=max(values))

    @classmethod
    def of_ratios(cls, ones: Sequence[float], others: Sequence[float]) -> Self:
        """Take those of ratios, each of two values of one round."""
        return cls.of([one / other for one, other in zip(ones, others, strict=True)])


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
