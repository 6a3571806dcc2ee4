"""fastText itself: train skip-gram vectors, read `.bin` models. The one home of the package.

fasttext-wheel 0.9.2 with one thread gives the same vectors every time; fasttext 0.9.3 does not
(it leaves most of its matrix as the memory was), so that one is refused. Of the package's calls
those used here are safe under NumPy 2; `predict` on a string is not.
"""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from struct import Struct
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.errors import BenchError, DamagedVectorsError, VectorsError

MAGIC = 793_712_314
HEAD = Struct("<iii28xi24xi")
"""Of a `.bin` model: magic number, version, features, buckets, words."""
LEAST_ENTRY = 11
"""Bytes of a word in its dictionary: one letter and its end, occurrences, kind."""
MIN_COUNT = 2
LEFT_TO_CHANCE = "fasttext 0.9.3"
NGRAMS = (3, 6)
BUCKETS_PER_WORD = 20  # fastText's own two million would make a 400 MB model of a toy corpus
MIN_BUCKETS = 20_000


def train_skipgram(sentences: Sequence[Sequence[str]], *, dim: int, epochs: int) -> Any:
    """Train skip-gram vectors (https://aclanthology.org/Q17-1010) on tokenised sentences.

    Args:
        sentences: of the training split.
        dim: features of a vector.
        epochs: passes over the sentences.

    Raises:
        BenchError: when the package installed would begin at whatever its memory held.
    """
    import fasttext

    if package_version() == LEFT_TO_CHANCE:
        raise BenchError(
            f"{LEFT_TO_CHANCE} leaves to chance most of the vectors that it trains: "
            "`pip uninstall fasttext`, then `pip install fasttext-wheel`"
        )
    words = {token for sentence in sentences for token in sentence}
    with TemporaryDirectory() as folder:
        text = Path(folder) / "train.txt"
        text.write_text("".join(f"{' '.join(sentence)}\n" for sentence in sentences), "utf-8")
        return fasttext.train_unsupervised(
            str(text),
            model="skipgram",
            dim=dim,
            epoch=epochs,
            minCount=MIN_COUNT,
            minn=NGRAMS[0],
            maxn=NGRAMS[1],
            bucket=max(MIN_BUCKETS, BUCKETS_PER_WORD * len(words)),
            thread=1,
            verbose=0,
        )


def load_model(path: Path, *, dim: int) -> Any:
    """Read a `.bin` model.

    Raises:
        VectorsError: when it is none or cut off, or has vectors of another size.
    """
    import fasttext

    _check_length(path)
    try:
        model = fasttext.load_model(str(path))
    except (ValueError, RuntimeError) as error:
        raise DamagedVectorsError(f"is not a fastText model ({error})", path=path) from error
    if model.get_dimension() != dim:
        raise VectorsError(
            f"holds vectors of {model.get_dimension()} features, but model.embedding_dim is {dim}",
            path=path,
        )
    return model


def _check_length(path: Path) -> None:
    """Refuse a model that is shorter than its header says, which fastText would read past its end.

    As `FastText::loadModel` of 0.9.2 reads it: sizes, the dictionary, a row of numbers for each
    word and each bucket of subwords.
    """
    if path.suffix != ".bin":  # a quantised model has less than a number for each
        return
    with path.open("rb") as file:
        head = file.read(HEAD.size)
    if len(head) < HEAD.size:
        raise DamagedVectorsError("is not a fastText model, or cut off", path=path)
    magic, _, dim, buckets, words = HEAD.unpack(head)
    rows = HEAD.size + words * LEAST_ENTRY + 4 * dim * (words + buckets)
    if magic == MAGIC and path.stat().st_size < rows:
        raise DamagedVectorsError(
            f"is cut off: {path.stat().st_size:,} bytes, where its header promises {rows:,}",
            path=path,
        )


def own_vectors(model: Any, forms: set[str]) -> dict[str, np.ndarray]:
    """Return the vectors of those forms that the model was trained on."""
    return {form: model.get_word_vector(form) for form in forms if model.get_word_id(form) >= 0}


def composed_vector(model: Any, word: str) -> np.ndarray | None:
    """Compose a vector of a word's n-grams; None for a word without any."""
    vector: np.ndarray = model.get_word_vector(word)
    return vector if vector.any() else None


def package_version() -> str:
    """Name the installed package and its version: they decide what training gives."""
    for package in ("fasttext-wheel", "fasttext"):
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:
            continue
    return "no fasttext"
