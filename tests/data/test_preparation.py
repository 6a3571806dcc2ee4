"""From a corpus to cached arrays."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.data.config import DataConfig, Tokenization
from bench.data.corpus import load_reader, shown_name
from bench.data.preparation import data_fingerprint, prepare
from bench.data.prepared import LEDGER_FILE, PreparedCorpus
from bench.data.vocabulary import EOS_ID, SPECIALS, UNK_ID, build_vocabulary
from bench.errors import CorpusError


def write_corpus(folder: Path) -> Path:
    """Write splits in which every length and count is known."""
    folder.mkdir()
    long = " ".join(["word"] * 40)
    train = [f"le chat {n}\tthe cat {n}" for n in range(20)] + [f"long\t{long}"]
    (folder / "train.tsv").write_text("\n".join(train) + "\n")
    (folder / "validation.tsv").write_text("un chien\ta dog\n")
    (folder / "test.tsv").write_text("le lion\tThe LION\n")
    return folder


def test_prepared_data_says_what_the_corpus_says(tmp_path: Path) -> None:
    """Ids are decoded to the tokens they came from; references are untouched text."""
    prepared = prepare(DataConfig(corpus=str(write_corpus(tmp_path / "corpus"))))
    test = prepared.load_split("test")

    source_ids = test.source.token_ids.tolist()

    assert prepared.source_vocabulary.decode(source_ids) == ["le", "_unk"]
    assert source_ids[-1] == EOS_ID
    assert test.target.token_ids.tolist()[1:3] == [UNK_ID, UNK_ID]
    assert test.pairs[0].target == "The LION"
    assert prepared.ledger.too_long_pairs == 1
    assert prepared.ledger.train_pairs == 20
    assert prepared.ledger.pairs_read == 23
    assert prepared.ledger.test_source_unknown == 0.5
    assert prepared.ledger.test_target_unknown == pytest.approx(2 / 3)
    train = prepared.load_split("train")
    assert prepared.ledger.train_target_tokens == len(train.target.token_ids)


def test_a_test_source_is_cut_as_the_model_learnt_and_its_reference_is_not(tmp_path: Path) -> None:
    """Nor is the pair left out, however long; of training pairs a target of 29 tokens may stay."""
    folder = write_corpus(tmp_path / "corpus")
    many = " ".join(["chat"] * 50)
    (folder / "test.tsv").write_text(f"{many}\t{many}\n")
    lines = (folder / "train.tsv").read_text()
    sides = [" ".join(["cat"] * number) for number in (29, 30)]
    (folder / "train.tsv").write_text(lines + "".join(f"le {len(s)}\t{s}\n" for s in sides))

    prepared = prepare(DataConfig(corpus=str(folder), target_length_percentile=100))

    test, train = prepared.load_split("test"), prepared.load_split("train")
    assert test.source.lengths.tolist() == [train.source.lengths.max()]
    assert test.source.lengths[0] < 10
    assert test.target.lengths.tolist() == [51]
    assert train.target.lengths.max() == 30  # with the end token
    assert prepared.ledger.too_long_pairs == 2


def test_a_sentence_may_hold_what_others_take_for_line_ends(tmp_path: Path) -> None:
    """It stays one sentence, as it was written; and a text may say what we call the end token."""
    folder = write_corpus(tmp_path / "corpus")
    odd = "le\rlion\u2028 _eos_"
    (folder / "test.tsv").write_bytes(f"{odd}\tthe lion\nun\tone\n".encode())

    test = prepare(DataConfig(corpus=str(folder))).load_split("test")

    assert [pair.source for pair in test.pairs] == [odd, "un"]
    first = test.source.token_ids[: test.source.lengths[0]].tolist()
    assert first[-1] == EOS_ID
    assert EOS_ID not in first[:-1]


def test_the_vocabulary_knows_the_training_split_alone(tmp_path: Path) -> None:
    """Specials first, then by frequency; nothing of validation or test."""
    prepared = prepare(DataConfig(corpus=str(write_corpus(tmp_path / "corpus"))))

    tokens = prepared.target_vocabulary.tokens

    assert tokens[:4] == SPECIALS
    assert set(tokens[4:6]) == {"the", "cat"}
    assert "dog" not in tokens


def test_a_vocabulary_holds_as_many_words_as_it_may_beside_the_special_ones() -> None:
    """The most frequent; of equally frequent ones the first by the alphabet."""
    counts = {"a": 3, "c": 2, "b": 2, "d": 1}

    assert build_vocabulary(counts, max_size=2, min_frequency=1).tokens[4:] == ("a", "b")
    assert build_vocabulary(counts, max_size=9, min_frequency=2).tokens[4:] == ("a", "b", "c")


def test_a_second_preparation_reads_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is tokenised again; another setting is another folder."""
    config = DataConfig(corpus=str(write_corpus(tmp_path / "corpus")))
    first = prepare(config)
    monkeypatch.setattr("bench.data.cutters.tokenize_all", None)

    second = prepare(config)

    assert second.folder == first.folder
    with pytest.raises(TypeError):
        prepare(replace(config, lowercase=False))


def test_another_tokeniser_makes_another_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one version of spaCy has cut is not taken for what another would."""
    config, reader = DataConfig(corpus="digit_reversal"), load_reader("digit_reversal")
    before = data_fingerprint(config, reader)

    monkeypatch.setattr("bench.data.preparation.version", lambda package: f"{package} 99")

    assert data_fingerprint(config, reader) != before


def test_the_fingerprint_follows_the_text_not_its_place(tmp_path: Path) -> None:
    """A copy elsewhere is the same corpus; a changed word is another."""
    first = prepare(DataConfig(corpus=str(write_corpus(tmp_path / "one"))))
    copy = write_corpus(tmp_path / "two")
    same = prepare(DataConfig(corpus=str(copy)))
    (copy / "test.tsv").write_text("le lion\tthe tiger\n")
    other = prepare(DataConfig(corpus=str(copy)))

    assert first.fingerprint == same.fingerprint
    assert first.fingerprint != other.fingerprint


def test_nothing_half_written_is_left_behind(tmp_path: Path, cache: Path) -> None:
    """A corpus that breaks in the middle leaves no folder that could be taken for prepared."""
    corpus = write_corpus(tmp_path / "corpus")
    (corpus / "test.tsv").write_text("no tab\n")

    with pytest.raises(CorpusError):
        prepare(DataConfig(corpus=str(corpus)))

    assert [path.suffix for path in (cache / "prepared").iterdir()] == [".lock"]


@pytest.mark.parametrize("tokenization", ["spacy", "sentencepiece"])
def test_a_corpus_too_small_to_split_is_refused(tmp_path: Path, tokenization: Tokenization) -> None:
    """One pair cannot be trained on and tested on."""
    (tmp_path / "one.tsv").write_text("Qui ?\tWho?\n")

    with pytest.raises(CorpusError, match="too small to train and test on"):
        prepare(DataConfig(corpus=str(tmp_path / "one.tsv"), tokenization=tokenization))


@pytest.mark.parametrize("left", [None, ""])
def test_a_folder_that_somebody_tidied_is_made_again(tmp_path: Path, left: str | None) -> None:
    """Its ledger is gone, or empty after the power was."""
    config = DataConfig(corpus=str(write_corpus(tmp_path / "corpus")))
    ledger = prepare(config).folder / LEDGER_FILE
    ledger.unlink() if left is None else ledger.write_text(left)

    assert prepare(config).ledger.train_pairs > 0


def test_a_full_disk_is_said_to_be_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numpy says how much it wrote, and nothing of a disk."""

    def save(*_: object, **__: object) -> None:
        raise OSError("2404 requested and 496 written")

    monkeypatch.setattr(np, "save", save)

    with pytest.raises(OSError, match="No space left") as error:
        prepare(DataConfig(corpus=str(write_corpus(tmp_path / "corpus"))))

    assert error.value.filename is not None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("multi30k", "multi30k"),
        ("somewhere/multi30k", "multi30k-files"),
        ("somewhere/a.fr,somewhere/a.en", "a.fr,a.en"),
        (".", "here"),
        ("deeper/..", "here"),
        ("caf\udce9.tsv", "caf\ufffd.tsv"),
        ("", ""),
    ],
)
def test_a_corpus_is_named_without_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, shown: str
) -> None:
    """And files are not taken for a corpus that is known by their name."""
    (tmp_path / "here" / "deeper").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")

    assert shown_name(given) == shown


def test_nothing_on_disk_is_pickled(digits: PreparedCorpus) -> None:
    """Arrays load without pickle, the rest is text."""
    for path in digits.folder.iterdir():
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)
        elif path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        else:
            path.read_text("utf-8")
