"""Text metrics: a function, its direction, its signature. A score without these is no result.

Every metric compares detokenised hypotheses with untouched references. Models that translate into
lower case are scored without regard to case, and the signature says so (`case:lc`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from bench.registry import Registry


class Score(NamedTuple):
    """A figure and everything that could change it."""

    value: float
    signature: str


class ScoreText(Protocol):
    """Score translations against one reference each, in the same order."""

    def __call__(
        self, hypotheses: Sequence[str], references: Sequence[str], *, lowercase: bool
    ) -> Score:
        """Score them; `lowercase` lets case not count."""


class TextMetric(NamedTuple):
    """A score of a whole corpus of translations."""

    score: ScoreText
    higher_is_better: bool


TEXT_METRICS: Registry[TextMetric] = Registry("metric")


def text_metric(*, higher_is_better: bool) -> Callable[[ScoreText], ScoreText]:
    """Decorate a scoring function to make it a metric under its own name."""

    def register(score: ScoreText) -> ScoreText:
        name = score.__name__  # type: ignore[attr-defined]
        TEXT_METRICS.register(name)(TextMetric(score, higher_is_better))
        return score

    return register


@text_metric(higher_is_better=True)
def bleu(hypotheses: Sequence[str], references: Sequence[str], *, lowercase: bool) -> Score:
    """BLEU in [0, 100] by sacreBLEU (https://aclanthology.org/W18-6319)."""
    return _score(BLEU(lowercase=lowercase), hypotheses, references)


@text_metric(higher_is_better=True)
def chrf(hypotheses: Sequence[str], references: Sequence[str], *, lowercase: bool) -> Score:
    """Character n-gram F-score, chrF2, in [0, 100] (https://aclanthology.org/W15-3049)."""
    return _score(CHRF(lowercase=lowercase), hypotheses, references)


def _score(metric: BLEU | CHRF, hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    # sacreBLEU wants a list of reference *sets*, and quietly scores the first sentence alone
    # when given a plain list: hence one place that calls it, and lengths that must agree.
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references")
    value = metric.corpus_score(list(hypotheses), [list(references)]).score
    return Score(value, str(metric.get_signature()))
