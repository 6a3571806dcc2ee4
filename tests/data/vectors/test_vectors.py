"""fastText vectors: from text files, from models, trained in place."""

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.data.config import DataConfig, VectorsConfig
from bench.data.preparation import prepare
from bench.data.prepared import PreparedCorpus
from bench.data.vectors import fasttext_models
from bench.data.vectors.fasttext_models import load_model, own_vectors, train_skipgram
from bench.data.vectors.lookup import forms
from bench.data.vectors.preparation import PreparedVectors, prepare_vectors
from bench.data.vectors.text_format import read_text_vectors
from bench.data.vocabulary import SPECIALS
from bench.errors import BenchError, ConfigError, VectorsError

DIM = 3
TRAIN = VectorsConfig(source="train", target="train", train_epochs=2)


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    """Prepare a few generated questions once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        return prepare(DataConfig(generated_pairs=400))


def build(
    questions: PreparedCorpus, config: VectorsConfig, *, dim: int = DIM, side: str = "source"
) -> PreparedVectors:
    return prepare_vectors(config, questions, dim=dim, sides=[side])  # type: ignore[list-item]


def ledger(vectors: PreparedVectors, language: str = "fr") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(vectors.ledger)[language]
    return found


@pytest.mark.parametrize("name", ["v.vec", "v.vec.gz"])
@pytest.mark.parametrize("header", ["4 3\n", ""])
def test_text_files_give_the_rows_asked_for(tmp_path: Path, name: str, header: str) -> None:
    """Plain or compressed, with a header or without; of a word that comes twice, the first."""
    text = f"{header}chat 1 2 3\nchien 4 5 6\nchat 7 8 9\noiseau 0 0 1\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)

    known, skipped = read_text_vectors(tmp_path / name, {"chat", "oiseau", "loup"}, dim=DIM)

    assert {word: row.tolist() for word, row in known.items()} == {
        "chat": [1, 2, 3],
        "oiseau": [0, 0, 1],
    }
    assert not skipped


def test_unusable_lines_are_counted_and_skipped(tmp_path: Path) -> None:
    """By reason; the good ones around them are kept."""
    lines = [
        b"2 3",
        b"un 1 2 3",
        b"New York 1 2 3",
        b"court 1 2",
        b"deux x y z",
        b"trois nan 1 1",
        b"bad\xff 1 2",
        b"fin 3 2 1 ",
    ]
    (tmp_path / "v.vec").write_bytes(b"\n".join(lines))

    known, skipped = read_text_vectors(
        tmp_path / "v.vec", {"un", "New", "court", "deux", "trois", "fin"}, dim=DIM
    )

    assert set(known) == {"un", "fin"}
    assert skipped == {
        "blank within the word": 1,
        "too few numbers": 2,
        "not numbers": 1,
        "not finite": 1,
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"9 300\nun 1 2 3\n", "holds vectors of 300 features, but model.embedding_dim is 3"),
        (b"un 1 2\n", "holds vectors of 2 features"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Naming the file and both sizes."""
    (tmp_path / "v.vec").write_bytes(content)

    with pytest.raises(VectorsError, match=rf"v\.vec: {message}"):
        read_text_vectors(tmp_path / "v.vec", {"un"}, dim=DIM)


def test_a_broken_gzip_is_refused(tmp_path: Path) -> None:
    """Not taken for a short one."""
    (tmp_path / "v.vec.gz").write_bytes(gzip.compress(b"un 1 2 3\n" * 5000)[:-20])

    with pytest.raises(VectorsError, match="cannot be read"):
        read_text_vectors(tmp_path / "v.vec.gz", {"un"}, dim=DIM)


@pytest.mark.slow
def test_memory_follows_the_words_not_the_file(tmp_path: Path) -> None:
    """A file of 60 MB, ten words wanted: a few megabytes at the peak."""
    import tracemalloc

    row = b" 0.123456789" * DIM
    with (tmp_path / "v.vec").open("wb") as file:
        for start in range(0, 1_500_000, 10_000):
            file.write(b"".join(b"w%d%s\n" % (n, row) for n in range(start, start + 10_000)))
    tracemalloc.start()

    known, _ = read_text_vectors(tmp_path / "v.vec", {f"w{n}" for n in range(10)}, dim=DIM)

    assert len(known) == 10
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_training_is_the_same_every_time(questions: PreparedCorpus) -> None:
    """Two trainings, one digest: the vectors are part of a run's identity."""
    first = build(questions, TRAIN)
    again = build(questions, replace(TRAIN, target="none"))

    assert first.folder != again.folder
    assert first.digest == again.digest
    assert build(questions, TRAIN).folder == first.folder


def test_other_rows_are_other_vectors(questions: PreparedCorpus, tmp_path: Path) -> None:
    """A file that was changed, if only in its numbers, and another number of features."""
    word = questions.source_vocabulary.tokens[4]
    path = tmp_path / "v.vec"
    config = VectorsConfig(source=str(path))
    path.write_text(f"{word} 1 2 3\n")
    first = build(questions, config)
    path.write_text(f"{word} 3 2 1\n")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9))

    again = build(questions, config)

    rows = again.load("source")
    assert rows is not None
    assert again.digest != first.digest
    assert rows.rows[4].tolist() == [3, 2, 1]
    sizes = [build(questions, TRAIN, dim=dim).folder for dim in (3, 4)]
    assert sizes[0] != sizes[1]


def test_training_does_not_begin_at_what_the_memory_held() -> None:
    """The vectors of 5 MB are the same when pieces of that size were full of numbers before."""
    sentences = [["un", "chat", "dort"], ["un", "chien", "dort"]] * 50
    clean = train_skipgram(sentences, dim=60, epochs=1)
    large = np.ones(31 << 18, dtype=np.float32)
    del large  # from now on glibc keeps what is freed, if it is smaller
    full = [np.ones(5 << 18, dtype=np.float32) for _ in range(8)]
    del full

    dirty = train_skipgram(sentences, dim=60, epochs=1)

    np.testing.assert_array_equal(clean.get_input_matrix(), dirty.get_input_matrix())


def test_a_package_that_leaves_vectors_to_chance_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is what `pip install fasttext` takes; the message says what to install instead."""
    monkeypatch.setattr(fasttext_models, "package_version", lambda: "fasttext 0.9.3")

    with pytest.raises(BenchError, match="pip install fasttext-wheel"):
        train_skipgram([["un", "chat"]] * 20, dim=5, epochs=1)


def test_rows_are_those_of_the_model(questions: PreparedCorpus, tmp_path: Path) -> None:
    """Trained, saved and read as .bin: each word has its vector, special tokens have none."""
    sentences = [["un", "chat", "dort"], ["un", "chien", "dort"]] * 50
    model = train_skipgram(sentences, dim=DIM, epochs=1)
    model.save_model(str(tmp_path / "m.bin"))

    known = own_vectors(load_model(tmp_path / "m.bin", dim=DIM), {"chat", "loup"})
    rows = build(questions, VectorsConfig(source=str(tmp_path / "m.bin"))).load("source")

    assert set(known) == {"chat"}
    np.testing.assert_array_equal(known["chat"], model.get_word_vector("chat"))
    assert rows is not None
    for index in np.flatnonzero(rows.found):
        word = questions.source_vocabulary.tokens[index]
        np.testing.assert_array_equal(rows.rows[index], model.get_word_vector(word))
    assert not rows.found[: len(SPECIALS)].any()


def test_the_ledger_tells_what_was_found(questions: PreparedCorpus, tmp_path: Path) -> None:
    """Shares of types and tokens, the most frequent missing words, the deviation."""
    words = questions.source_vocabulary.tokens[4:]
    kept = [word for word in words if word != "?"][:50]
    lines = [f"{word} {place} 0 1" for place, word in enumerate(kept)]
    (tmp_path / "v.vec").write_text("\n".join(lines))

    found = ledger(build(questions, VectorsConfig(source=str(tmp_path / "v.vec"))))

    split = questions.load_split("train").source
    tokens = [questions.source_vocabulary.tokens[token] for token in split.token_ids]
    text = [token for token in tokens if token != "_eos_"]
    assert found["vectors"] == "v.vec"
    assert found["types_covered"] == pytest.approx(50 / len(words))
    assert found["tokens_covered"] == pytest.approx(sum(t in set(kept) for t in text) / len(text))
    assert found["most_frequent_missing"][0] == "?"
    rows = [[place, 0, 1] for place in range(50)]
    assert found["deviation"] == pytest.approx(np.std(rows), rel=1e-5)


def test_subwords_stand_for_missing_words(questions: PreparedCorpus) -> None:
    """A word seen once has no vector of its own, but its parts make one."""
    plain = build(questions, TRAIN)
    filled = build(questions, replace(TRAIN, oov="subword"))
    before, after = plain.load("source"), filled.load("source")

    assert before is not None
    assert after is not None
    assert before.found.sum() < after.found.sum()
    np.testing.assert_array_equal(before.rows[before.found], after.rows[before.found])
    assert ledger(filled)["from_subwords"] == after.found.sum() - before.found.sum()
    assert ledger(filled)["types_covered"] == ledger(plain)["types_covered"]


def test_other_forms_are_tried_in_order() -> None:
    """The word itself, its other apostrophe, its bare form, other cases."""
    assert forms("l'", back_off=False) == ["l'"]
    assert forms("l'", back_off=True)[:3] == ["l'", "l’", "l"]
    assert forms("paris", back_off=True) == ["paris", "Paris", "PARIS"]
    assert forms("PARIS", back_off=True) == ["PARIS", "paris", "Paris"]
    assert forms("'", back_off=True)[0] == "'"


def test_a_back_off_finds_more(questions: PreparedCorpus, tmp_path: Path) -> None:
    """Names that a file writes with capitals, for a lower-cased vocabulary."""
    (tmp_path / "v.vec").write_text("Paul 1 2 3\nqu’ 3 2 1\nest 1 1 1\n")
    config = VectorsConfig(source=str(tmp_path / "v.vec"))

    plain, backed = (build(questions, replace(config, back_off=on)) for on in (False, True))

    assert ledger(plain)["types_covered"] == 1 / (len(questions.source_vocabulary) - len(SPECIALS))
    assert ledger(backed)["from_other_forms"] == 2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (VectorsConfig(), 'vectors.source = "none"; allowed: "train"'),
        (VectorsConfig(source="nowhere.vec"), "neither a published name nor a file here"),
        (VectorsConfig(source="v.vec", oov="subword"), 'takes "train" or a .bin file'),
        (VectorsConfig(source="wiki.fr", oov="subword"), "take cc.fr.300"),
        (VectorsConfig(source="broken.bin"), "is not a fastText model"),
        (VectorsConfig(source="w.vec"), "w.vec: has a vector for none of the"),
        (VectorsConfig(source="half.vec"), "is cut off: 1 words, where its first line promises 9"),
    ],
)
def test_what_cannot_be_used_says_what_can(
    questions: PreparedCorpus, tmp_path: Path, config: VectorsConfig, message: str
) -> None:
    """In one message, before anything is trained."""
    (tmp_path / "v.vec").write_text("un 1 2 3\n")
    (tmp_path / "broken.bin").write_bytes(b"no model")
    (tmp_path / "w.vec").write_text("hippopotame 1 2 3\n")
    (tmp_path / "half.vec").write_text("9 3\nest 1 2 3\n")
    with pytest.raises(BenchError) as error:
        build(questions, config)

    assert message in str(error.value)


def test_a_model_of_another_size_is_refused(questions: PreparedCorpus, tmp_path: Path) -> None:
    """The embedding's width is the model's affair."""
    train_skipgram([["un", "chat"]] * 20, dim=5, epochs=1).save_model(str(tmp_path / "m.bin"))

    with pytest.raises(VectorsError, match=r"5 features, but model\.embedding_dim is 3"):
        build(questions, VectorsConfig(source=str(tmp_path / "m.bin")))
    with pytest.raises(ConfigError, match=r"vectors\.target"):
        build(questions, VectorsConfig(source=str(tmp_path / "m.bin")), side="target")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.5])
def test_a_model_that_is_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    """FastText itself would read on past the end, or for ever."""
    model = train_skipgram([["où", "est", "le", "chat"]] * 30, dim=DIM, epochs=1)
    model.save_model(str(tmp_path / "m.bin"))
    whole = (tmp_path / "m.bin").read_bytes()
    (tmp_path / "m.bin").write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(VectorsError, match="cut off"):
        load_model(tmp_path / "m.bin", dim=DIM)


def test_a_damaged_download_is_fetched_anew(
    questions: PreparedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not stay, or the same command would fail for ever."""
    sent = [b"9 3\nest 1 2 3\n", b"1 3\nest 1 2 3\n"]

    def fetch(_: list[str], path: Path, **__: Any) -> Path:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sent.pop(0))
        return path

    monkeypatch.setattr("bench.data.vectors.published.fetch", fetch)
    with pytest.raises(VectorsError, match="cut off"):
        build(questions, VectorsConfig(source="wiki.fr"))

    assert ledger(build(questions, VectorsConfig(source="wiki.fr")))["types_covered"] > 0


def test_published_vectors_are_fetched_by_name(
    questions: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text for a word's own vector, the binary model for subwords; each once."""
    model = train_skipgram([["où", "est", "le", "chat"]] * 30, dim=DIM, epochs=1)
    model.save_model(str(tmp_path / "m.bin"))
    files = {
        "cc.fr.300.vec.gz": gzip.compress(b"1 3\nchat 1 2 3\n"),
        "cc.fr.300.bin.gz": gzip.compress((tmp_path / "m.bin").read_bytes()),
        "wiki.fr.vec": b"1 3\nchat 1 2 3\n",
    }
    asked: list[str] = []

    def fetch(addresses: list[str], path: Path, **_: Any) -> Path:
        asked.append(addresses[0].rpartition("/")[2])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[asked[-1]])
        return path

    monkeypatch.setattr("bench.data.vectors.published.fetch", fetch)

    for config in (
        VectorsConfig(source="cc.fr.300"),
        VectorsConfig(source="cc.fr.300", oov="subword"),
        VectorsConfig(source="wiki.fr"),
    ):
        found = ledger(build(questions, config))
        assert found["vectors"] == config.source
        assert found["types_covered"] > 0

    assert asked == list(files)
