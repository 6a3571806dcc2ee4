"""What a run leaves behind: everything that comparisons and reports are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["finished", "diverged"]
BY_SENTENCE = ("hypotheses", "sentence_losses", "sentence_tokens")
"""Fields with one entry per sentence of the test split."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EpochRecord:
    """One epoch: metrics by name, `train/…` and `validation/…`."""

    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResult:
    """One variant trained with one seed. A diverged run has no test scores; it still counts."""

    identity: str
    variant: str
    seed: int
    outcome: Outcome
    detail: str
    """Why it diverged; empty for a finished run."""
    parameters: int
    best_epoch: int
    """The epoch whose model was selected on the validation split; 0 if there is none."""
    epochs: Sequence[EpochRecord]
    test: Mapping[str, float]
    """Scores of the selected model on the test split, by metric."""
    signatures: Mapping[str, str]
    """By text metric: everything that could change its figure."""
    hypotheses: Sequence[str]
    """Translations of the test split, in its order."""
    sentence_losses: Sequence[float]
    """Nats of each sentence of the test split, summed over its tokens."""
    sentence_tokens: Sequence[int]
    """Target tokens of each sentence of the test split."""
    training_seconds: float
    pairs_per_second: float
    peak_memory_bytes: int
    device: str
    precision: str
    clock: str = "wall"
    """That its seconds are by: `processor`, which other programs hardly slow, or `wall`."""

    @property
    def validation_bleu(self) -> float:
        """BLEU of the selected epoch on the validation split."""
        return self.epochs[self.best_epoch - 1].metrics["validation/bleu"]

    def to_json(self) -> dict[str, Any]:
        """Return plain dictionaries, lists, numbers and strings."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "RunResult":
        """Rebuild a result from `to_json`."""
        epochs = tuple(EpochRecord(**epoch) for epoch in data["epochs"])
        lists = {name: tuple(data[name]) for name in BY_SENTENCE}
        return cls(**{**data, "epochs": epochs, **lists})
