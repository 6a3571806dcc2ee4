"""Scores of translations, checked against sacreBLEU's own command line."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.evaluation.metrics import TEXT_METRICS

REFERENCES = [
    "Where is the station?",
    "Who has taken my blue umbrella?",
    "Why didn't Marie come to the party last night?",
    "Do you know whether the museum's café is open?",
    "How many TVs does he have?",
]
HYPOTHESES = [
    "where is the station?",
    "who took my blue umbrella?",
    "why did marie not come to the party yesterday?",
    "do you know if the museum's café is open?",
    "how many tvs do you have?",
]


@pytest.mark.parametrize("name", ["bleu", "chrf"])
@pytest.mark.parametrize("lowercase", [True, False])
def test_scores_equal_the_command_line_of_sacrebleu(
    tmp_path: Path, name: str, lowercase: bool
) -> None:
    """On the same two files, with the same signature."""
    (tmp_path / "hypotheses").write_text("\n".join(HYPOTHESES) + "\n")
    (tmp_path / "references").write_text("\n".join(REFERENCES) + "\n")
    options = {"bleu": ["-lc"], "chrf": ["--chrf-lowercase"]}[name] if lowercase else []

    score = TEXT_METRICS.get(name, where="test").score(HYPOTHESES, REFERENCES, lowercase=lowercase)
    printed = subprocess.run(
        [
            sys.executable, "-m", "sacrebleu", str(tmp_path / "references"),
            "-i", str(tmp_path / "hypotheses"), "-m", name, "-w", "6", *options,
        ],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    official = json.loads(printed)

    assert score.value == pytest.approx(official["score"], abs=1e-6)
    assert score.signature == official["signature"]


@pytest.mark.parametrize("name", list(TEXT_METRICS))
def test_the_order_of_the_sentences_changes_no_score(name: str) -> None:
    """A metric of a corpus, not of a list."""
    pairs = list(zip(HYPOTHESES, REFERENCES, strict=True))
    random.Random(1).shuffle(pairs)
    metric = TEXT_METRICS.get(name, where="test").score

    shuffled = metric(*zip(*pairs, strict=True), lowercase=True)

    assert shuffled.value == pytest.approx(metric(HYPOTHESES, REFERENCES, lowercase=True).value)


@pytest.mark.parametrize("name", list(TEXT_METRICS))
def test_counts_of_sentences_give_any_corpus_its_score(name: str) -> None:
    """Of a thousand random corpora, hopeless and empty hypotheses among them, as sacreBLEU does."""
    metric = TEXT_METRICS.get(name, where="test")
    hypotheses = [*HYPOTHESES, "", "x", "where", "the umbrella of marie"]
    references = [*REFERENCES, "Where?", "Is it here?", "Where is Paul?", "No."]
    others = hypotheses[::-1]
    _, statistics = metric.statistics([others, hypotheses], references, lowercase=True)
    rng = random.Random(2)
    corpora = [rng.choices(range(len(hypotheses)), k=rng.randint(1, 6)) for _ in range(1_000)]

    scores = metric.from_totals(np.array([statistics[corpus].sum(0) for corpus in corpora]))

    for corpus, found in zip(corpora, scores, strict=True):
        texts = [hypotheses[place] for place in corpus], [references[place] for place in corpus]
        assert found == pytest.approx(metric.score(*texts, lowercase=True).value, abs=1e-9)


@pytest.mark.parametrize("name", list(TEXT_METRICS))
def test_unequal_numbers_of_sentences_are_refused(name: str) -> None:
    """Rather than scoring what happens to line up."""
    with pytest.raises(ValueError, match="4 hypotheses for 5 references"):
        TEXT_METRICS.get(name, where="test").score(HYPOTHESES[1:], REFERENCES, lowercase=True)


@pytest.mark.parametrize("name", list(TEXT_METRICS))
def test_no_translation_is_better_than_perfect(name: str) -> None:
    """Not by a rounding error either, in sacreBLEU's own score or in ours from counts."""
    metric = TEXT_METRICS.get(name, where="test")
    (counts,) = metric.statistics([REFERENCES], REFERENCES, lowercase=True)

    assert metric.score(REFERENCES, REFERENCES, lowercase=True).value == 100.0
    assert metric.from_totals(counts.sum(0)) == 100.0


def test_case_counts_only_where_the_model_writes_it() -> None:
    """And the signature says which."""
    bleu = TEXT_METRICS.get("bleu", where="test").score

    assert bleu(HYPOTHESES[:1], REFERENCES[:1], lowercase=True).value == pytest.approx(100)
    assert bleu(HYPOTHESES[:1], REFERENCES[:1], lowercase=False).value < 100
    assert "case:lc" in bleu(HYPOTHESES, REFERENCES, lowercase=True).signature
    assert "case:mixed" in bleu(HYPOTHESES, REFERENCES, lowercase=False).signature
