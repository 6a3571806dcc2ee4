"""Texts cut by several processes."""

import os
import signal

import pytest

from bench.data import cutters as module
from bench.data.cutters import open_cutters
from bench.data.tokenization import Language, tokenize_all
from bench.errors import BenchError
from bench.processes import Child
from tests.data.test_tokenization import AWKWARD
from tests.data.test_tokens import spell


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    """Let two texts be worth a process, and list the processes that are started."""
    children: list[Child] = []
    begin = module.start

    def start(*given: object) -> Child:
        children.append(begin(*given))  # type: ignore[arg-type]
        return children[-1]

    monkeypatch.setattr(module, "TEXTS_PER_PROCESS", 2)
    monkeypatch.setattr(module, "count_cores", lambda: 3)
    monkeypatch.setattr(module, "start", start)
    return children


@pytest.mark.slow
def test_several_processes_cut_as_one(started: list[Child]) -> None:
    """The same tokens and the same numbers for them, for fewer texts than processes too."""
    many = [*AWKWARD, *(f"le mot {number % 7} est {number % 5}" for number in range(99))]
    given: list[dict[Language, list[str]]] = [{"fr": many, "en": many}, {"fr": ["un"], "en": []}]

    with open_cutters(len(many)) as cutters:
        found = [cutters.cut(texts, lowercase=True) for texts in given]

    for ours, texts in zip(found, given, strict=True):
        for language, some in texts.items():
            expected = tokenize_all(some, language, lowercase=True)
            assert list(ours[language].words) == list(expected.words)
            assert spell(ours[language]) == spell(expected)
            assert ours[language].places.dtype == expected.places.dtype
            assert ours[language].lengths.dtype == expected.lengths.dtype
    assert len(started) == 3
    assert not any(child.process.is_alive() for child in started)


def test_a_few_texts_are_cut_here(started: list[Child]) -> None:
    """A process would still be loading its rules."""
    with open_cutters(3) as cutters:
        found = cutters.cut({"en": ["The EU?"]}, lowercase=True)

    assert spell(found["en"]) == [["the", "t_up", "eu", "?"]]
    assert not started


def test_a_process_that_dies_is_told_of(started: list[Child]) -> None:
    """Not waited for."""
    with open_cutters(6) as cutters:
        process_id = started[1].process.pid
        assert process_id is not None
        os.kill(process_id, signal.SIGKILL)

        with pytest.raises(BenchError, match=r"a process that tokenises has ended \(signal 9\)"):
            cutters.cut({"fr": AWKWARD, "en": AWKWARD}, lowercase=True)
