"""Batches of like length."""

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from bench.data import batching
from bench.data.batching import TrainingBatches, collate, sorted_batches
from bench.data.prepared import PreparedCorpus
from bench.data.vocabulary import BOS_ID, EOS_ID, PAD_ID


def order(prepared: PreparedCorpus, *, seed: int, epoch: int) -> list[list[int]]:
    batches = TrainingBatches(prepared.load_split("train"), batch_size=16, seed=seed)
    return [list(batch.indices) for batch in batches.epoch(epoch)]


def test_the_order_follows_from_seed_and_epoch(digits: PreparedCorpus) -> None:
    """The same twice; another for another seed or epoch."""
    assert order(digits, seed=1, epoch=1) == order(digits, seed=1, epoch=1)
    assert order(digits, seed=1, epoch=1) != order(digits, seed=1, epoch=2)
    assert order(digits, seed=1, epoch=1) != order(digits, seed=2, epoch=1)


def test_an_epoch_holds_every_pair_once(digits: PreparedCorpus) -> None:
    """No pair is left out or repeated, and the number of batches is known beforehand."""
    split = digits.load_split("train")
    batches = TrainingBatches(split, batch_size=16, seed=1)

    found = order(digits, seed=1, epoch=3)

    assert sorted(index for batch in found for index in batch) == list(range(len(split)))
    assert len(found) == len(batches)


def test_hardly_anything_is_padding(digits: PreparedCorpus) -> None:
    """Sentences of like length meet: over nine tenths of the positions are real."""
    batches = TrainingBatches(digits.load_split("train"), batch_size=16, seed=1)

    real, all_ = 0, 0
    for batch in batches.epoch(1):
        real += batch.num_target_tokens
        all_ += batch.target.numel()

    assert real / all_ > 0.9


def test_a_batch_is_padded_at_the_end(digits: PreparedCorpus) -> None:
    """Tokens, end token, padding; masks and lengths agree; the decoder sees it one step later."""
    split = digits.load_split("train")
    shortest, longest = int(split.target.lengths.argmin()), int(split.target.lengths.argmax())

    batch = collate(split, np.asarray([shortest, longest]))

    length = int(split.target.lengths[shortest])
    assert batch.target[0, length - 1] == EOS_ID
    assert batch.target[0, length:].eq(PAD_ID).all()
    assert batch.target_mask.sum() == batch.num_target_tokens
    assert (batch.source != PAD_ID).sum(dim=1).tolist() == batch.source_lengths.tolist()
    assert batch.decoder_input[:, 0].eq(BOS_ID).all()
    torch.testing.assert_close(batch.decoder_input[:, 1:], batch.target[:, :-1])


@pytest.mark.parametrize("at_once", [1, 3, 1_000])
def test_batches_that_are_padded_at_once_are_those_padded_alone(
    at_once: int, digits: PreparedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, lengths and places of real tokens, as torch finds them batch by batch."""
    monkeypatch.setattr(batching, "BATCHES_AT_ONCE", at_once)
    split = digits.load_split("train")

    for batch in TrainingBatches(split, batch_size=7, seed=1).epoch(1):
        for rows, sentences in ((batch.source, split.source), (batch.target, split.target)):
            alone = [
                torch.tensor(sentences.token_ids[slice(*sentences.offsets[index : index + 2])])
                for index in batch.indices
            ]
            padded = pad_sequence(alone, batch_first=True, padding_value=PAD_ID)
            assert rows.equal(padded.long())
        assert batch.source_lengths.equal((batch.source != PAD_ID).sum(1))
        assert batch.target_places.equal(batch.target_mask.flatten().nonzero().flatten())


def test_an_epoch_lies_on_the_device_that_trains(digits: PreparedCorpus) -> None:
    """But for the lengths of its sources, which packing reads on the CPU."""
    device = torch.device("meta")

    for batch in TrainingBatches(digits.load_split("train"), batch_size=16, seed=1).epoch(
        1, device
    ):
        on_device = {batch.source.device, batch.target.device, batch.target_places.device}
        assert on_device == {device}
        assert batch.source_lengths.device == torch.device("cpu")


def test_evaluation_sees_every_sentence_once(digits: PreparedCorpus) -> None:
    """Sorted by length, so that little is padding; the indices lead back to the order on disk."""
    split = digits.load_split("test")

    indices = [index for batch in sorted_batches(split, batch_size=7) for index in batch.indices]

    assert sorted(indices) == list(range(len(split)))
    assert (np.diff(split.source.lengths[indices]) >= 0).all()


def test_one_endless_sentence_does_not_fill_the_memory(
    digits: PreparedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its batch is small."""
    split = digits.load_split("test")
    longest = max(int(each.lengths.max()) for each in (split.source, split.target))
    monkeypatch.setattr(batching, "MOST_POSITIONS", 4 * longest)

    bounded = list(sorted_batches(split, batch_size=8))

    assert sorted(i for batch in bounded for i in batch.indices) == list(range(len(split)))
    assert max(max(batch.source.numel(), batch.target.numel()) for batch in bounded) <= 4 * longest
    assert len(bounded[-1].indices) <= 4
