"""From recorded results to an answer, as the experiment's file wants it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.data.prepared import PreparedCorpus
from bench.errors import TrackingError
from bench.experiment.loading import load_experiment
from bench.experiment.planning import plan
from bench.session.answering import compare_results, look, look_again
from bench.session.gathering import _settings
from bench.session.selection import Selection
from bench.session.session import Session
from bench.tracking.result import RunResult
from bench.tracking.tracker import NullTracker
from tests.comparison.examples import result

FILE = """
question = "Does it?"
baseline = "a"
seeds = [1, 2, 3]

[data]
corpus = "digit_reversal"

[evaluation]
equivalence_margin = {margin}

[variants.a]

[variants.b]
model.cell = "lstm"

[profiles.quick]
"""


AHEAD = {1: 1.0, 2: -0.8, 3: 0.1}


class Looked(NullTracker):
    """Remembers what was planned to be looked at."""

    def __init__(self) -> None:
        self.looks: list[tuple[int, ...]] = []

    def plan_looks(self, results: Mapping[str, RunResult], looks: Sequence[int]) -> None:
        self.looks.append(tuple(looks))

    def recorded_looks(self, results: Mapping[str, RunResult]) -> list[tuple[int, ...]]:
        return self.looks


def session(digits: PreparedCorpus, folder: Path, *, margin: float = 0.5) -> Session:
    """Open what a command would have opened, with nothing on disk but the file."""
    path = folder / "it.toml"
    path.write_text(FILE.format(margin=margin))
    experiment = load_experiment(str(path))
    configs = {variant.config.data for variant in experiment.variants.values()}
    device = torch.device("cpu")
    return Session(
        selection=Selection(experiment=str(path)),
        experiment=experiment,
        specs=plan(experiment, dict.fromkeys(configs, digits), device=device),
        data={digits.fingerprint: digits},
        uri="",
        device=device,
        tracker=Looked(),  # type: ignore[arg-type]
    )


def results(opened: Session) -> dict[str, RunResult]:
    """Make up results: b is now a little ahead of a, now behind."""
    pairs = opened.data[opened.specs[0].data_fingerprint].load_split("test").pairs
    found = {}
    for spec in opened.specs:
        made = result(
            spec.variant, spec.seed, 20 + spec.seed + AHEAD[spec.seed] * (spec.variant == "b")
        )
        found[spec.identity] = replace(
            made,
            identity=spec.identity,
            hypotheses=tuple(pair.target for pair in pairs),
            sentence_losses=(1.5,) * len(pairs),
            sentence_tokens=(2,) * len(pairs),
        )
    return found


@pytest.mark.parametrize(("margin", "verdict"), [(0.5, "undetermined"), (9.0, "equivalent")])
def test_the_margin_of_the_file_judges(
    digits: PreparedCorpus, tmp_path: Path, margin: float, verdict: str
) -> None:
    """And is what the answer names."""
    opened = session(digits, tmp_path, margin=margin)

    found = compare_results(opened, results(opened))

    assert found.margin == margin
    assert found.rows[1].difference is not None
    assert found.rows[1].difference.verdict == verdict


def test_looking_is_kept_on_record(digits: PreparedCorpus, tmp_path: Path) -> None:
    """At the seeds of the plan, unless more looks were planned; to compare again is none."""
    opened = session(digits, tmp_path)
    made = results(opened)

    look(opened, made)
    compare_results(opened, made)
    look(opened, made, planned=(3, 5))

    assert opened.tracker.looks == [(3,), (3, 5)]  # type: ignore[attr-defined]


def test_a_look_at_a_plan_before_its_end_is_one(digits: PreparedCorpus, tmp_path: Path) -> None:
    """Whoever compares, and goes on, has looked twice; to compare the same again is none."""
    opened = session(digits, tmp_path)
    made = results(opened)
    early = {spec.identity: made[spec.identity] for spec in opened.specs if spec.seed < 3}

    first, at_first = look_again(opened, early)
    _, again = look_again(opened, early)
    late = look(opened, made)
    _, afterwards = look_again(opened, made)

    assert (at_first, again, afterwards) == (2, 0, 0)
    assert first.looks == (2,)
    assert late.looks == (2, 3)
    assert late.significance < first.significance == 0.05


def test_seeds_that_nobody_could_compare_are_no_look(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """While a command is at work one variant is ahead, and some runs have diverged."""
    opened = session(digits, tmp_path)
    made = results(opened)
    for spec in opened.specs:
        if spec.variant == "a" and spec.seed == 2:
            made[spec.identity] = replace(made[spec.identity], outcome="diverged")
        if spec.variant == "b" and spec.seed == 3:
            del made[spec.identity]

    found, at = look_again(opened, made)

    assert at == 0
    assert opened.tracker.looks == []  # type: ignore[attr-defined]
    assert found.significance == 0.05


def test_a_look_that_cannot_be_kept_is_not_said_to_be(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that may only be read."""
    opened = session(digits, tmp_path)

    def refuse(*_: object) -> None:
        raise TrackingError("read-only")

    monkeypatch.setattr(opened.tracker, "plan_looks", refuse)

    assert look_again(opened, results(opened))[1] == 0


def test_a_page_shows_the_settings_of_a_run_that_it_is_about(
    digits: PreparedCorpus, tmp_path: Path
) -> None:
    """Not of the file's first seed, where others were recorded."""
    opened = session(digits, tmp_path)
    made = results(opened)
    late = {spec.identity: made[spec.identity] for spec in opened.specs if spec.seed > 1}

    found = _settings(opened, late)

    assert [text.partition("\n")[0] for text in found.values()] == [
        "# it, variant a, seed 2",
        "# it, variant b, seed 2",
    ]
