"""Generated French questions and their English translations: the embedded default corpus.

A hand-written bilingual grammar draws both sides at once, words by Zipf's law. One French sentence
has one English reading; several French sentences may share an English one. The same pairs come out
on every machine, in the same order, so that a smaller corpus is the beginning of a larger one.
"""

from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from bench.data.corpus import Corpus, SentencePair
from bench.errors import CorpusError

DEFAULT_PAIRS = 20_000
MAX_PAIRS = 200_000
MIN_TOKENS, MAX_TOKENS = 4, 30  # the question mark counted

DESCRIPTION = "generated questions from our own grammar and lexicon (MIT), no network needed"


class Reader:
    """Draws distinct questions."""

    def fingerprint(self) -> str:
        """Digest the grammar's own source and word lists: the text changes with them alone."""
        digest = sha256()
        for file in sorted(_sources(files(__package__)), key=_name):
            digest.update(file.read_bytes())
        return f"synthetic_questions-{digest.hexdigest()}"

    def read(self, *, num_pairs: int) -> Corpus:
        """Draw the first `num_pairs` distinct questions; a French one comes once only."""
        from bench.data.corpora.synthetic_questions.grammar import draw_questions

        wanted = num_pairs or DEFAULT_PAIRS
        if wanted > MAX_PAIRS:
            raise CorpusError(
                f"synthetic_questions has at most {MAX_PAIRS:,} pairs, not {wanted:,}"
            )
        pairs: dict[str, str] = {}
        for source, target in draw_questions():
            shortest = min(source.count(" ") + 1, target.count(" ") + 2)
            longest = max(source.count(" ") + 1, target.count(" ") + 2)
            if shortest >= MIN_TOKENS and longest <= MAX_TOKENS:
                pairs.setdefault(source, target)
            if len(pairs) == wanted:
                break
        return Corpus(train=[SentencePair(*pair) for pair in pairs.items()])


def _sources(folder: Traversable) -> list[Traversable]:
    """List the files, in the same order whatever the file system's is."""
    found: list[Traversable] = []
    for entry in sorted(folder.iterdir(), key=_name):
        if entry.is_dir():
            found += _sources(entry)
        elif entry.name.endswith((".py", ".txt")):
            found.append(entry)
    return found


def _name(file: Traversable) -> str:
    return file.name
