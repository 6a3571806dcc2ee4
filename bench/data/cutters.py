"""Many texts of both languages, cut by several processes at once: the tokens of `tokenize_all`.

A process needs two to four seconds to load spaCy's rules of a language, in which it could cut a
hundred thousand texts: where there are fewer for each, they are cut here.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import current_process
from multiprocessing.connection import Connection
from typing import NamedTuple, get_args

from bench.data.tokenization import Language, tokenize_all
from bench.data.tokens import TokenizedText
from bench.errors import BenchError
from bench.processes import Child, ProcessDied, count_cores, ignore_ctrl_c, start, stop

LANGUAGES: tuple[Language, ...] = get_args(Language)
TEXTS_PER_PROCESS = 50_000
"""At least."""
MOST = 8
"""Processes at most."""

Texts = Mapping[Language, Sequence[str]]


class _Cutter(NamedTuple):
    """A process that cuts one language."""

    child: Child
    language: Language


class Cutters:
    """Processes that cut; without any it is done here."""

    def __init__(self, cutters: Sequence[_Cutter] = ()) -> None:
        """Take over processes that wait for texts."""
        self._cutters = cutters

    def cut(self, texts: Texts, *, lowercase: bool) -> dict[Language, TokenizedText]:
        """Cut texts as `tokenize_all` does.

        Raises:
            BenchError: when one of the processes has died.
        """
        if not self._cutters:
            return {
                language: tokenize_all(some, language, lowercase=lowercase)
                for language, some in texts.items()
            }

        def ask(cutter: _Cutter) -> TokenizedText:
            several = [each for each in self._cutters if each.language == cutter.language]
            some, number = texts[cutter.language], several.index(cutter)
            length = -(-len(some) // len(several))
            cutter.child.send((some[number * length : (number + 1) * length], lowercase))
            found: TokenizedText = cutter.child.receive()
            return found

        pool = ThreadPoolExecutor(len(self._cutters))
        try:
            found = list(pool.map(ask, self._cutters))
        except ProcessDied as died:
            raise BenchError(f"a process that tokenises has ended ({died})") from died
        finally:
            pool.shutdown(wait=False)  # whoever asks in vain hears of it when processes are ended
        pairs = list(zip(self._cutters, found, strict=True))
        return {
            language: TokenizedText.joined(
                part for cutter, part in pairs if cutter.language == language
            )
            for language in texts
        }


@contextmanager
def open_cutters(num_texts: int) -> Iterator[Cutters]:
    """Start as many processes as so many texts are worth, and end them afterwards.

    They load their rules at once, while the caller is busy with something else.
    """
    is_allowed = not current_process().daemon  # which may have no processes of its own
    number = min(num_texts // TEXTS_PER_PROCESS, count_cores(), MOST) if is_allowed else 0
    cutters: list[_Cutter] = []
    try:
        for place in range(number if number >= len(LANGUAGES) else 0):
            language = LANGUAGES[place % len(LANGUAGES)]
            cutters.append(_Cutter(start(_work, language), language))
        yield Cutters(cutters)
    finally:
        stop([cutter.child for cutter in cutters])


def _work(connection: Connection, language: Language) -> None:
    ignore_ctrl_c()
    tokenize_all(["load"], language, lowercase=False)
    with suppress(EOFError, ConnectionError):  # the command has died
        while True:
            texts, lowercase = connection.recv()
            connection.send(tokenize_all(texts, language, lowercase=lowercase))
