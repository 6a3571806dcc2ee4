"""The corpora that are fetched, or taken from files at hand."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bench.cli.main import main
from bench.data import download
from bench.data.corpora import giga_fren_questions, multi30k, tatoeba_questions
from bench.data.corpus import Corpus, SentencePair, fetch_corpus, import_corpus, load_reader
from bench.data.kept import KeptCorpus
from bench.errors import CorpusError, DownloadError

LINES = [
    ("Qu’est-ce que la lumière? Suite.", "What is light? More of it."),
    ("Il pleut.", "What? No."),
    ("Où allons-nous?", "Where are we going?"),
    ("Pourquoi pas?", "why not?"),
    ("Qui a dit non. Vous?", "Who said no. You?"),
]
QUESTIONS = [
    SentencePair("Qu’est-ce que la lumière?", "What is light?"),
    SentencePair("Où allons-nous?", "Where are we going?"),
]


def silent(_: str) -> None:
    """Tell nobody."""


def giga_files() -> dict[str, bytes]:
    return {
        f"giga-fren.release2.fixed.{language}.gz": gzip.compress(
            "".join(f"{line[column]}\n" for line in LINES).encode()
        )
        for language, column in (("fr", 0), ("en", 1))
    }


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def giga_tar(path: Path, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in giga_files().items():
            member = tarfile.TarInfo(f"giga-fren/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which loopback serves it."""
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.0)
    folder = tmp_path / "site"
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args: object) -> None:
            """Be silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        Thread(target=httpd.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.mark.parametrize("form", ["folder", "tar", "tgz"])
def test_the_lessons_filter(tmp_path: Path, form: str) -> None:
    """Lines that begin with a question on both sides, of them only that; the count is compared."""
    if form == "folder":
        origin = write(tmp_path / "giga", giga_files())
    else:
        origin = giga_tar(tmp_path / f"giga.{form}", "w:gz" if form == "tgz" else "w")

    said = import_corpus("giga_fren_questions", origin, silent)

    assert said == "2 questions kept (the whole corpus has 52,331)"
    assert load_reader("giga_fren_questions").read(num_pairs=0).train == QUESTIONS


def test_the_second_address_serves_where_the_first_does_not(
    site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the network to kept questions; the second time nothing is to do."""
    folder, address = site
    giga_tar(folder / "giga-fren.tgz", "w:gz")
    addresses = (f"{address}/training-giga-fren.tar", f"{address}/giga-fren.tgz")
    monkeypatch.setattr(giga_fren_questions, "ADDRESSES", addresses)

    assert fetch_corpus("giga_fren_questions", silent).startswith("2 questions kept")
    assert fetch_corpus("giga_fren_questions", silent) == ""
    assert load_reader("giga_fren_questions").read(num_pairs=0).train == QUESTIONS


def test_a_corpus_nobody_has_names_both_addresses(
    site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is kept then."""
    addresses = (f"{site[1]}/a.tar", f"{site[1]}/b.tgz")
    monkeypatch.setattr(giga_fren_questions, "ADDRESSES", addresses)

    with pytest.raises(DownloadError, match=r"(?s)/a\.tar.*404.*/b\.tgz.*404"):
        fetch_corpus("giga_fren_questions", silent)

    assert not giga_fren_questions.KEPT.exists


def test_a_corpus_that_is_not_here_says_how_to_get_it() -> None:
    """Before anything is trained."""
    for name in ("giga_fren_questions", "tatoeba_questions", "multi30k"):
        with pytest.raises(CorpusError, match=f"bench prepare {name} fetches it"):
            load_reader(name)


def test_a_missing_or_shorter_file_is_named(tmp_path: Path) -> None:
    """The folder may be the wrong one."""
    files = giga_files()
    french, english = files
    write(tmp_path / "one", {english: files[english]})
    write(tmp_path / "short", files | {french: gzip.compress(b"Quoi?\n")})

    with pytest.raises(CorpusError, match=rf"{french}: no such file"):
        import_corpus("giga_fren_questions", tmp_path / "one", silent)
    with pytest.raises(CorpusError, match="the French file ends before line 2, the other goes on"):
        import_corpus("giga_fren_questions", tmp_path / "short", silent)


def test_a_broken_file_is_noticed(tmp_path: Path) -> None:
    """Not taken for a shorter one."""
    files = {name: content[:-9] for name, content in giga_files().items()}

    with pytest.raises(CorpusError, match="breaks off"):
        import_corpus("giga_fren_questions", write(tmp_path / "broken", files), silent)


def test_tatoebas_questions_are_fetched(
    site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pairs whose both sides are one question, each once, French first."""
    folder, address = site
    lines = (
        "Who is it?\tQui est-ce ?\tCC-BY\n"
        "Go.\tVa !\tCC-BY\n"
        "Who is it?\tQui est-ce ?\tCC-BY again\n"
        "Why? Who?\tPourquoi ? Qui ?\tCC-BY\n"
        "Who is it?\tC'est qui ?\tCC-BY\n"
    )
    with zipfile.ZipFile(folder / "fra-eng.zip", "w") as packed:
        packed.writestr("fra.txt", lines)
    monkeypatch.setattr(tatoeba_questions, "ADDRESS", f"{address}/fra-eng.zip")

    assert fetch_corpus("tatoeba_questions", silent) == "2 questions kept"
    assert load_reader("tatoeba_questions").read(num_pairs=0).train == [
        SentencePair("Qui est-ce ?", "Who is it?"),
        SentencePair("C'est qui ?", "Who is it?"),
    ]


def test_a_corpus_is_fetched_by_the_command_that_the_readme_shows(
    site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`prepare NAME`: fetched, split, tokenised, told."""
    folder, address = site
    lines = [f"Where is street {n}?\tOù est la rue {n} ?\tCC-BY\n" for n in range(60)]
    with zipfile.ZipFile(folder / "fra-eng.zip", "w") as packed:
        packed.writestr("fra.txt", "".join(lines))
    monkeypatch.setattr(tatoeba_questions, "ADDRESS", f"{address}/fra-eng.zip")

    main(["prepare", "tatoeba_questions"])

    printed = capsys.readouterr().out
    assert "60 questions kept" in printed
    assert "train pairs" in printed


def test_multi30k_is_fetched_with_its_splits(
    site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six files, three splits; pairs with an empty side are counted."""
    folder, address = site
    for split in ("train", "val", "test_2016_flickr"):
        for language in ("fr", "en"):
            half = "" if language == "fr" else "half a pair"
            content = gzip.compress(f"{split} {language}\n{half}\n".encode())
            (folder / f"{split}.{language}.gz").write_bytes(content)
    monkeypatch.setattr(multi30k, "HOST", address)

    assert fetch_corpus("multi30k", silent) == "3 captions kept"
    corpus = load_reader("multi30k").read(num_pairs=0)
    assert corpus.dropped == 3
    assert corpus.is_split
    assert corpus.test == [SentencePair("test_2016_flickr fr", "test_2016_flickr en")]


def test_a_damaged_download_is_named_and_fetched_anew(
    site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not stay, or the same command would fail for ever."""
    folder, address = site
    for split in ("train", "val", "test_2016_flickr"):
        for language in ("fr", "en"):
            packed = gzip.compress(f"{split} {language}\n".encode())
            (folder / f"{split}.{language}.gz").write_bytes(packed)
    whole = (folder / "val.fr.gz").read_bytes()
    monkeypatch.setattr(multi30k, "HOST", address)
    for damaged in (whole[:-9], whole[:12] + b"\xff\xff\xff" + whole[15:]):
        (folder / "val.fr.gz").write_bytes(damaged)
        with pytest.raises(CorpusError, match=r"val\.fr\.gz: cannot be read"):
            fetch_corpus("multi30k", silent)
    (folder / "val.fr.gz").write_bytes(whole)

    assert fetch_corpus("multi30k", silent) == "3 captions kept"


def test_a_page_that_is_no_corpus_is_not_kept(
    site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some networks answer any address with a page of their own."""
    folder, address = site
    for split in ("train", "val", "test_2016_flickr"):
        for language in ("fr", "en"):
            (folder / f"{split}.{language}.gz").write_text("<html>log in</html>\n")
    monkeypatch.setattr(multi30k, "HOST", address)

    with pytest.raises(CorpusError, match="not a gzip file"):
        fetch_corpus("multi30k", silent)
    assert not multi30k.KEPT.exists


def test_tatoebas_text_is_taken_unpacked_too(tmp_path: Path) -> None:
    """English first, as it is published, and questions alone; in UTF-8."""
    text = "Go.\tVa !\tx\nWho is it?\tQui est-ce ?\tx\n"
    (tmp_path / "fra.txt").write_text(text)

    assert import_corpus("tatoeba_questions", tmp_path / "fra.txt", silent) == "1 questions kept"
    assert load_reader("tatoeba_questions").read(num_pairs=0).train == [
        SentencePair("Qui est-ce ?", "Who is it?")
    ]
    (tmp_path / "fra.txt").write_bytes("Where?\tOù ?\n".encode("latin-1"))
    with pytest.raises(CorpusError, match=r"fra\.txt, line 1: not UTF-8"):
        import_corpus("tatoeba_questions", tmp_path / "fra.txt", silent)


def test_what_could_not_be_read_again_is_not_kept(cache: Path) -> None:
    """It is counted; and a kept corpus that was damaged since says so."""
    kept = KeptCorpus("own", size="nothing")
    pairs = [
        SentencePair("Qui ?", "Who?"),
        SentencePair("a\0b", "c"),
        SentencePair("x" * 60_000, "y"),
    ]

    kept.keep(Corpus(train=pairs), origin="here")

    assert kept.read(num_pairs=0) == Corpus(pairs[:1], [], [], dropped=2)
    (cache / "corpora" / "own" / "train.tsv.gz").write_bytes(b"")
    (cache / "corpora" / "own" / "origin.json").write_text("")
    with pytest.raises(CorpusError, match="own is damaged on this machine"):
        kept.read(num_pairs=0)


@pytest.mark.parametrize("corpus", ["tatoeba_questions", "multi30k"])
def test_tsvs_at_hand_are_taken_over(tmp_path: Path, corpus: str) -> None:
    """With their splits; the text decides the fingerprint, wherever it lay."""
    splits = {
        f"{split}.tsv": f"Qui {split} ?\tWho {split}?\n".encode()
        for split in ("train", "val", "test")
    }
    fingerprints = []
    for folder in ("here", "there"):
        import_corpus(corpus, write(tmp_path / folder, splits), silent)
        fingerprints.append(load_reader(corpus).fingerprint())

    assert len(set(fingerprints)) == 1
    assert load_reader(corpus).read(num_pairs=0).validation == [
        SentencePair("Qui val ?", "Who val?")
    ]


def test_a_generated_corpus_takes_no_files(tmp_path: Path) -> None:
    """There is nothing to take over."""
    with pytest.raises(CorpusError, match="digit_reversal is generated"):
        import_corpus("digit_reversal", tmp_path, silent)
