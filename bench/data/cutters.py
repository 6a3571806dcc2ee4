"""Many texts of both languages, cut by several processes at once: the tokens of `tokenize_all`.

A process needs two to four seconds to load spaCy's rules of a language, in which it could cut a
hundred thousand texts: where there are fewer for each, they are cut here.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import chain, cycle
from multiprocessing import current_process
from multiprocessing.connection import Connection
from typing import get_args

from bench.data.tokenization import Language, tokenize_all
from bench.data.tokens import TokenizedText
from bench.errors import BenchError
from bench.processes import (
    Child,
    ProcessDied,
    count_cores,
    end_with_parent,
    ignore_ctrl_c,
    start,
    stop,
)

LANGUAGES: tuple[Language, ...] = get_args(Language)
TEXTS_PER_PROCESS = 50_000
"""At least."""
MOST = 8
"""Processes at most."""

Texts = Mapping[Language, Sequence[str]]


class Cutters:
    """Processes that cut; without any it is done here."""

    def __init__(self, children: Mapping[Language, Sequence[Child]]) -> None:
        """Take over processes that wait for texts of a language."""
        self._children = children

    def cut(self, texts: Texts, *, lowercase: bool) -> dict[Language, TokenizedText]:
        """Cut texts as `tokenize_all` does.

        Raises:
            BenchError: when one of the processes has died.
        """
        if not self._children:
            return {
                language: tokenize_all(some, language, lowercase=lowercase)
                for language, some in texts.items()
            }
        pool = ThreadPoolExecutor()  # a process that loads its rules does not listen yet
        try:
            asked = {
                language: [
                    pool.submit(_ask, child, portion, lowercase)
                    for child, portion in _portions(self._children[language], some)
                ]
                for language, some in texts.items()
            }
            return {
                language: TokenizedText.joined(each.result() for each in answers)
                for language, answers in asked.items()
            }
        except ProcessDied as died:
            raise BenchError(f"a process that tokenises has ended ({died})") from died
        finally:
            pool.shutdown(wait=False)  # whoever asks in vain hears of it when processes are ended


def _portions(
    children: Sequence[Child], texts: Sequence[str]
) -> Iterator[tuple[Child, Sequence[str]]]:
    length = -(-len(texts) // len(children))
    for number, child in enumerate(children):
        yield child, texts[number * length : (number + 1) * length]


def _ask(child: Child, texts: Sequence[str], lowercase: bool) -> TokenizedText:
    child.send((texts, lowercase))
    found: TokenizedText = child.receive()
    return found


@contextmanager
def open_cutters(num_texts: int) -> Iterator[Cutters]:
    """Start as many processes as so many texts are worth, and end them afterwards.

    They load their rules at once, while the caller is busy with something else.
    """
    is_allowed = not current_process().daemon  # which may have no processes of its own
    number = min(num_texts // TEXTS_PER_PROCESS, count_cores(), MOST) if is_allowed else 0
    number = number if number >= len(LANGUAGES) else 0
    children: dict[Language, list[Child]] = {}
    try:
        for _, language in zip(range(number), cycle(LANGUAGES), strict=False):
            children.setdefault(language, []).append(start(_work, language))
        yield Cutters(children)
    finally:
        stop([*chain.from_iterable(children.values())])


def _work(connection: Connection, language: Language) -> None:
    ignore_ctrl_c()
    end_with_parent()
    tokenize_all(["load"], language, lowercase=False)
    with suppress(EOFError, ConnectionError):  # the command has died
        while True:
            texts, lowercase = connection.recv()
            connection.send(tokenize_all(texts, language, lowercase=lowercase))
