"""Pieces of words, by SentencePiece's unigram model, learnt from the training split.

Kudo 2018, https://arxiv.org/abs/1804.10959. A piece that begins a word begins with `▁`.
"""

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from bench.errors import ConfigError

WORD_BEGIN = "▁"
TOO_FEW = re.compile(r"required_chars\. \d+ vs (\d+)")
"""SentencePiece's words for fewer pieces than characters."""


def learn_pieces(texts: Sequence[str], *, size: int, lowercase: bool) -> bytes:
    """Learn a model of at most `size` pieces; the same text gives the same model.

    Args:
        texts: sentences of the training split, in one language.
        size: pieces wanted; a small text may give fewer.
        lowercase: learn from lower-cased text.

    Raises:
        ConfigError: when there are more different characters than pieces, or nothing to learn.
    """
    import sentencepiece

    model = BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([_cased(text, lowercase=lowercase) for text in texts]),
            model_writer=model,
            vocab_size=size,
            hard_vocab_limit=False,
            character_coverage=1.0,
            normalization_rule_name="identity",  # references are not normalised either
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        if not (found := TOO_FEW.search(str(error))):
            raise ConfigError(
                "data.tokenization = 'sentencepiece': nothing can be learnt from this text "
                f"({str(error).strip()})"
            ) from error
        raise ConfigError(
            f"data.subword_vocabulary = {size}: the characters of the text alone are {found[1]} "
            "pieces"
        ) from error
    return model.getvalue()


class PieceCutter:
    """Cuts text of one language into the pieces of a learnt model."""

    def __init__(self, model: bytes, *, lowercase: bool) -> None:
        import sentencepiece

        self._model: Any = sentencepiece.SentencePieceProcessor(model_proto=model)
        self._lowercase = lowercase

    def cut(self, text: str) -> list[str]:
        """Cut one text."""
        pieces: list[str] = self._model.encode(
            _cased(text, lowercase=self._lowercase), out_type=str
        )
        return pieces


def join_pieces(pieces: Sequence[str]) -> str:
    """Join pieces to text again."""
    return "".join(pieces).replace(WORD_BEGIN, " ").strip()


def _cased(text: str, *, lowercase: bool) -> str:
    return text.lower() if lowercase else text
