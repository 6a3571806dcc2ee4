"""What a larger corpus costs."""

import tracemalloc
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from bench.data.batching import TrainingBatches
from bench.data.prepared import EncodedSplit, FlatSentences, PreparedCorpus

TOKENS, BATCH = 40, 16


@pytest.fixture
def written(tmp_path: Path, digits: PreparedCorpus) -> dict[int, Path]:
    """Prepared data of two sizes: summaries of another corpus, and long sentences."""
    folders = {}
    for num_pairs in (2_000, 100_000):
        folder = folders[num_pairs] = tmp_path / str(num_pairs)
        folder.mkdir()
        for file in ("ledger.json", "vocabulary.fr.txt", "vocabulary.en.txt"):
            (folder / file).write_bytes((digits.folder / file).read_bytes())
        for side in ("fr", "en"):
            np.save(
                folder / f"train.{side}.token_ids.npy", np.full(num_pairs * TOKENS, 5, np.int32)
            )
            np.save(
                folder / f"train.{side}.offsets.npy",
                np.arange(0, num_pairs * TOKENS + 1, TOKENS, dtype=np.int64),
            )
    return folders


def test_training_holds_a_few_numbers_per_pair(written: dict[int, Path]) -> None:
    """Token ids stay on disk and text is not read: a pair costs less than its own tokens."""
    held = {size: peak_of_some_batches(folder) for size, folder in written.items()}

    per_pair = (held[100_000] - held[2_000]) / 98_000

    assert per_pair < TOKENS * 2 * 4 / 4  # a quarter of its token ids


def peak_of_some_batches(folder: Path) -> int:
    """Return the most bytes that opening a split and drawing a few batches took."""
    tracemalloc.start()
    try:
        split = PreparedCorpus(folder).load_split("train")
        for batch in islice(TrainingBatches(split, batch_size=BATCH, seed=1).epoch(1), 3):
            assert batch.source.shape == (BATCH, TOKENS)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_sentences_laid_end_to_end_are_opened_not_read(written: dict[int, Path]) -> None:
    """The arrays are windows on the files."""
    split: EncodedSplit = PreparedCorpus(written[2_000]).load_split("train")

    assert isinstance(split.source, FlatSentences)
    assert isinstance(split.source.token_ids, np.memmap)
    assert isinstance(split.target.offsets, np.memmap)
