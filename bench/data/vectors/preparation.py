"""Vectors for the vocabularies of one prepared corpus, built once and cached. No pickle.

Shapes: V tokens, E features.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal

import numpy as np
from filelock import FileLock

from bench.cache import cache_folder
from bench.data.config import VectorsConfig
from bench.data.download import discarded_if_useless
from bench.data.prepared import PreparedCorpus, is_whole, save_array
from bench.data.vectors.fasttext_models import (
    composed_vector,
    load_model,
    own_vectors,
    package_version,
    train_skipgram,
)
from bench.data.vectors.lookup import (
    VectorRows,
    VectorsLedger,
    arrange,
    wanted_forms,
    write_ledger,
)
from bench.data.vectors.published import fetch_published, is_published
from bench.data.vectors.text_format import read_text_vectors
from bench.data.vocabulary import SPECIALS
from bench.errors import ConfigError, VectorsError

Side = Literal["source", "target"]
LANGUAGES: dict[Side, str] = {"source": "fr", "target": "en"}
LEDGER_FILE = "ledger.json"
VECTORS_VERSION = 1
"""Raise it when code of this stage changes the rows."""
TEXT_SUFFIXES = (".vec", ".vec.gz", ".txt")


@dataclass(frozen=True, slots=True)
class PreparedVectors:
    """A folder of rows for one or both vocabularies."""

    folder: Path
    digest: str
    """Of all rows: what decides a run's numbers."""
    ledger: str
    """What was found, as JSON."""

    def load(self, side: Side) -> VectorRows | None:
        """Read one language's rows; None where its embedding begins at random."""
        if not (self.folder / f"{side}.rows.npy").exists():
            return None
        rows, found = (
            np.load(self.folder / f"{side}.{part}.npy", allow_pickle=False)
            for part in ("rows", "found")
        )
        return VectorRows(rows, found)


def prepare_vectors(
    config: VectorsConfig,
    prepared: PreparedCorpus,
    *,
    dim: int,
    sides: Sequence[Side],
    say: Callable[[str], None] = lambda _: None,
) -> PreparedVectors:
    """Open the rows for a prepared corpus, making them first if the cache does not have them.

    Args:
        config: where vectors come from.
        prepared: whose vocabularies, and whose training split for `train`.
        dim: E, the model's embedding_dim.
        sides: the languages whose embeddings begin at vectors.
        say: told what is happening, when it takes time.

    Raises:
        BenchError: when a language has no vectors to begin at, or a file cannot be used.
    """
    for side in sides:
        _check(config, side)
    folder = cache_folder() / "vectors" / _fingerprint(config, prepared, dim, sides)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not is_whole(folder):
            _build(config, prepared, folder, dim=dim, sides=sides, say=say)
    ledger = json.loads((folder / LEDGER_FILE).read_text("utf-8"))
    return PreparedVectors(folder, ledger["digest"], json.dumps(ledger["languages"], indent=1))


def _check(config: VectorsConfig, side: Side) -> None:
    source: str = getattr(config, side)
    if source == "none":
        raise ConfigError(
            f'model.embedding_init wants vectors, but vectors.{side} = "none"; '
            'allowed: "train", a .vec, .vec.gz or .bin file, or a name such as '
            f'"cc.{LANGUAGES[side]}.300"'
        )
    if source == "train" or is_published(source):
        return
    path = Path(source)
    if not path.is_file():
        raise ConfigError(f"vectors.{side}: neither a published name nor a file here: {source!r}")
    if config.oov == "subword" and path.suffix != ".bin":
        raise ConfigError(f'vectors.oov = "subword" takes "train" or a .bin file, not {source!r}')


def _fingerprint(
    config: VectorsConfig, prepared: PreparedCorpus, dim: int, sides: Sequence[Side]
) -> str:
    files = {}
    for side in sides:
        path = Path(getattr(config, side))
        if path.is_file():
            stat = path.stat()
            files[side] = [str(path.resolve()), stat.st_size, stat.st_mtime_ns]
    settings = asdict(config) | {
        "data": prepared.fingerprint,
        "dim": dim,
        "sides": sorted(sides),
        "files": files,
        "fasttext": package_version(),
        "version": VECTORS_VERSION,
    }
    return blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=16).hexdigest()


def _build(
    config: VectorsConfig,
    prepared: PreparedCorpus,
    folder: Path,
    *,
    dim: int,
    sides: Sequence[Side],
    say: Callable[[str], None],
) -> None:
    digest = blake2b(digest_size=16)
    ledgers: dict[str, Any] = {}
    scratch = Path(mkdtemp(prefix=".preparing-", dir=folder.parent))
    try:
        for side in sorted(sides):
            rows, ledger = _rows(config, prepared, side, dim=dim, say=say)
            save_array(scratch / f"{side}.rows.npy", rows.rows)
            save_array(scratch / f"{side}.found.npy", rows.found)
            digest.update(rows.rows.tobytes() + rows.found.tobytes())
            ledgers[LANGUAGES[side]] = asdict(ledger)
        text = json.dumps({"digest": digest.hexdigest(), "languages": ledgers}, ensure_ascii=False)
        (scratch / LEDGER_FILE).write_text(text, "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _rows(
    config: VectorsConfig,
    prepared: PreparedCorpus,
    side: Side,
    *,
    dim: int,
    say: Callable[[str], None],
) -> tuple[VectorRows, VectorsLedger]:
    vocabulary = prepared.source_vocabulary if side == "source" else prepared.target_vocabulary
    words, origin = vocabulary.tokens, str(getattr(config, side))
    sentences = _training_sentences(prepared, side)
    wanted = wanted_forms(words[len(SPECIALS) :], back_off=config.back_off)
    skipped: Counter[str] = Counter()
    model = None
    if origin == "train":
        say(f"training fastText vectors ({LANGUAGES[side]})")
        texts = [vocabulary.decode(sentence) for sentence in sentences]
        model = train_skipgram(texts, dim=dim, epochs=config.train_epochs)
    else:
        path = _file(origin, subword=config.oov == "subword", say=say)
        say(f"reading vectors ({path.name})")
        with discarded_if_useless(path) if is_published(origin) else nullcontext():
            if path.name.endswith(TEXT_SUFFIXES):
                known, skipped = read_text_vectors(path, wanted, dim=dim)
            else:
                model = load_model(path, dim=dim)
    if model is not None:
        known = own_vectors(model, wanted)
    rows, others = arrange(words, known, dim=dim, back_off=config.back_off)
    composed = np.zeros(len(words), dtype=bool)
    if config.oov == "subword" and model is not None:
        rows, composed = _compose(model, words, rows)
    if not rows.found.any():
        raise VectorsError(
            f"has a vector for none of the {len(words) - len(SPECIALS):,} words "
            f"({LANGUAGES[side]})",
            path=Path(origin),
        )
    frequencies = Counter(token_id for sentence in sentences for token_id in sentence)
    name = origin if origin == "train" or is_published(origin) else Path(origin).name
    ledger = write_ledger(
        name, words, frequencies, rows, others=others, composed=composed, skipped=skipped
    )
    return rows, ledger


def _compose(model: Any, words: Sequence[str], rows: VectorRows) -> tuple[VectorRows, np.ndarray]:
    """Fill the gaps with vectors composed of subwords; tell which."""
    composed = np.zeros(len(words), dtype=bool)
    for index in np.flatnonzero(~rows.found).tolist():
        vector = composed_vector(model, words[index]) if index >= len(SPECIALS) else None
        if vector is not None:
            rows.rows[index], composed[index] = vector, True
    return VectorRows(rows.rows, rows.found | composed), composed


def _file(origin: str, *, subword: bool, say: Callable[[str], None]) -> Path:
    return (
        fetch_published(origin, subword=subword, say=say) if is_published(origin) else Path(origin)
    )


def _training_sentences(prepared: PreparedCorpus, side: Side) -> list[list[int]]:
    split = prepared.load_split("train")
    flat = split.source if side == "source" else split.target
    ends = flat.offsets[1:] - 1  # without the end token
    pairs = zip(flat.offsets[:-1], ends, strict=True)
    return [flat.token_ids[start:end].tolist() for start, end in pairs]
