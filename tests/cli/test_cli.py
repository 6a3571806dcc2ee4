"""The command line, as a person meets it."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from optuna.study import StudyDirection

from bench.cli.main import COMMANDS, main
from bench.errors import ConfigError
from bench.report.folders import own_folder
from bench.search.storage import open_storage
from bench.session.selection import parse_seeds

ROOT = Path(__file__).parents[2]


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import bench",
        "from bench.cli.main import main; main(['--help'])",
        "from bench.cli.main import main; main(['run', 'gru_vs_lstn'])",
    ],
)
def test_nothing_heavy_is_imported_for_little(code: str) -> None:
    """Neither importing the suite nor its help nor a slip waits for torch, MLflow or spaCy."""
    loaded = python(
        f"import sys\ntry:\n exec({code!r})\nexcept SystemExit: pass\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    ).splitlines()[-1]

    assert not {"torch", "mlflow", "spacy", "numpy", "pandas"} & set(loaded.split())


def test_threads_sleep_while_they_wait_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Said before numpy and torch are loaded, and to workers, which inherit it."""
    monkeypatch.delenv("OPENBLAS_THREAD_TIMEOUT", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")

    seen = python(
        "import os, sys\n"
        "class Loading:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'numpy':\n"
        "            print(os.environ['OPENBLAS_THREAD_TIMEOUT'], os.environ['OMP_WAIT_POLICY'])\n"
        "sys.meta_path.insert(0, Loading())\n"
        "from bench.cli.main import main\n"
        "main(['plan', 'gru_vs_lstm', '--corpus', 'digit_reversal', '--seeds', '1'])\n"
    ).splitlines()

    assert seen[0] == "4 active"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` ends well and says what the command does."""
    main([name, "--help"])

    assert "Usage: python -m bench" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rum"], "unknown command 'rum'. Did you mean 'run'?"),
        (["run", "gru_vs_lstn"], "unknown experiment 'gru_vs_lstn'. Did you mean 'gru_vs_lstm'?"),
        (["run", "gru_vs_lstm", "--profile", "quik"], "Did you mean 'quick'?"),
        (["run", "gru_vs_lstm", "--set", "model.cel=gru"], "Did you mean 'model.cell'?"),
        (["run", "gru_vs_lstm", "--seeds", "many"], "wanted how many, such as 5"),
        (["run", "gru_vs_lstm", "--seeds", "1,1"], "--seeds: wanted different whole numbers"),
        (["run", "gru_vs_lstm", "--seeds", "1,-2"], "--seeds: wanted different whole numbers"),
        (["run", "experiments/gru_vs_lstm"], "no experiment file experiments/gru_vs_lstm: its"),
        (["run", "gru_vs_lstm", "--device", "tpu"], "--device: unknown device 'tpu'"),
        (["run", "gru_vs_lstm", "--corpus", "nowhere.tsv"], "nowhere.tsv: no such file or folder"),
        (["run", "gru_vs_lstm", "--corpus", "tatoeba"], "Did you mean 'tatoeba_questions'?"),
        (["run", "gru_vs_lstm", "--tracking-uri", "mlruns"], "keeps no runs in plain folders"),
        (["run", "gru_vs_lstm", "--jobs", "0"], "Invalid value for '--jobs'"),
        (["run", "gru_vs_lstm", "--profile", "full"], "is not on this machine"),
        (["ui"], "no recorded runs at sqlite:///"),
        (["ui", "--port", "99999"], "Invalid value for '--port'"),
        (["ui", "--tracking-uri", "http://ann:pw@host:5000"], "http://***@host:5000 is a s"),
        (["compare", "gru_vs_lstm"], "no recorded runs at sqlite:///"),
        (["translate", "gru_vs_lstm", "Qui ?"], "python -m bench run gru_vs_lstm makes some"),
        (["compare", "gru_vs_lstm", "--seeds", "2", "--corpus", "digit_reversal"],
         "python -m bench run gru_vs_lstm --seeds 2 --corpus digit_reversal makes some"),
        (["find-lr", "gru_vs_lstm", "--steps", "0"], "Invalid value for '--steps'"),
        (["prepare", "synthetic_questions", "--pairs", "-1"], "Invalid value for '--pairs'"),
        (["prepare", "multi30k", "--pairs", "100"], "multi30k is not generated"),
        (["dashboard"], "no study is kept at optuna.journal"),
        (["search"], "Missing argument 'EXPERIMENT' (or --resume)"),
        (["search", "--resume"], "no study is kept at optuna.journal"),
        (["search", "gru_vs_lstm", "--resume", "--storage", "sqlite:///s.db"], "at sqlite:///s.db"),
        # Neither the profile nor the corpus of a search that goes on is asked for again.
        (["search", "gru_vs_lstm", "--resume", "--corpus", "gone.tsv"], "leave --corpus away"),
        (["search", "gru_vs_lstm", "--seeds", "4,5"], "a search takes how many"),
        (["search", "--resume", "--set", "training.epochs=2"], "leave --set away"),
        (["search", "--resume", "--profile", "quick"], "leave --profile away"),
        (["plan", "gru_vs_lstm", "--seeds", "20241129"], "the one seed is written 20241129,"),
        (["run", "gru_vs_lstm", "--set", "training.epochs=three"], "--set: training.epochs = 'th"),
        (["run", "gru_vs_lstm", "--set", "training.budget=0.3"], "--set: training: "),
        (["run", "gru_vs_lstm", "--tracking-uri", "sqlite:////proc/no/a.db"], "no store can be"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_message_and_exit_code_2(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """No traceback; what was wrong, and what is allowed."""
    with pytest.raises(SystemExit) as left:
        main(arguments)

    printed = capfd.readouterr().err
    assert left.value.code == 2
    assert message in printed
    assert "Traceback" not in printed
    assert not Path("mlflow.db").exists()
    assert not Path("optuna.journal").exists()


def test_a_search_that_is_not_among_those_kept_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    """Where studies are kept there may be others."""
    open_storage(None).create_new_study([StudyDirection.MAXIMIZE], "another")

    with pytest.raises(SystemExit):
        main(["search", "gru_vs_lstm", "--resume"])

    assert "no search of gru_vs_lstm is kept here" in capfd.readouterr().err


def test_a_file_of_ones_own_is_no_journal(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is appended to it."""
    Path("notes.txt").write_text("just text\n")

    with pytest.raises(SystemExit) as left:
        main(["dashboard", "--storage", "notes.txt"])

    assert left.value.code == 2
    assert "not a journal of Optuna's" in capfd.readouterr().err
    assert Path("notes.txt").read_text() == "just text\n"


def test_planning_makes_no_record(capsys: pytest.CaptureFixture[str]) -> None:
    """What would run is shown where nothing has, and no store is made for it."""
    main(["plan", "gru_vs_lstm", "--corpus", "digit_reversal", "--seeds", "1"])

    assert "0 of 3 runs done" in capsys.readouterr().out
    assert not list(Path.cwd().glob("mlflow.*"))


def test_planning_says_which_words_have_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    """Once for all variants that begin at the same ones, and which lines were of no use."""
    words = [f"{word} {' '.join(['0.5'] * 128)}" for word in ("0", "1", "2", "3")]
    Path("own.vec").write_text("\n".join([*words, "4 1 2 3"]))
    chosen = ["--corpus", "digit_reversal", "--set", "vectors.source=own.vec", "--seeds", "2"]

    main(["plan", "fasttext_init", *chosen])

    said = " ".join(capsys.readouterr().out.split())
    assert said.count("own.vec has a vector for 40.0% of the French words") == 1
    assert "fasttext, shuffled, source_only: own.vec has" in said
    assert "in training; most often missing:" in said
    assert "lines that could not be used: 1 too few numbers" in said
    assert "fasttext, shuffled, target_only: the training split has a vector for" in said


def test_a_cache_that_cannot_be_made_says_how_to_have_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a home that is read-only."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "file" / "cache"))

    with pytest.raises(SystemExit) as left:
        main(["plan", "gru_vs_lstm"])

    assert left.value.code == 2
    assert "(of the data cache; BENCH_CACHE names another folder)" in capsys.readouterr().err


def test_each_set_of_changed_settings_or_seeds_has_a_folder_of_its_own() -> None:
    """Whatever their order; a long one ends in a digest, and none is lost in another's folder."""
    one, two = "training.epochs=1", "model.hidden_size=64"
    many = [f"model.hidden_size={size}" for size in range(64, 70)]

    assert own_folder("quick", "", adhoc=[one, two]) == own_folder("quick", "", adhoc=[two, one])
    assert own_folder("quick", "", adhoc=[one]) == "exploratory-epochs=1"
    batches = [f"{section}.batch_size=64" for section in ("training", "evaluation")]
    assert own_folder("quick", "", adhoc=batches[:1]) != own_folder("quick", "", adhoc=batches[1:])
    assert own_folder("quick", "kept/it.fr,kept/it.en") == "it.fr,it.en"
    assert own_folder("quick", "", adhoc=many) != own_folder("quick", "", adhoc=many[::-1][1:])
    assert len(own_folder("quick", "", adhoc=many)) < 100
    assert own_folder("quick", "", seeds="3,4") == "seeds=3-4"
    assert own_folder("quick", "", adhoc=['data.corpus="a/../b"']).count("/") == 0


@pytest.mark.parametrize(("text", "seeds"), [("3", [1, 2, 3]), ("4,9", [4, 9]), ("7,", [7])])
def test_seeds_are_a_number_or_a_list(text: str, seeds: list[int]) -> None:
    """Three means 1 to 3; a comma makes a list."""
    assert parse_seeds(text) == seeds


def test_no_seeds_at_all_are_refused() -> None:
    """Nought seeds answer nothing."""
    with pytest.raises(ConfigError, match="--seeds: wanted how many"):
        parse_seeds("0")


def test_list_names_experiments_and_corpora(capsys: pytest.CaptureFixture[str]) -> None:
    """With the question each experiment asks."""
    main(["list"])

    printed = capsys.readouterr().out
    assert "gru_vs_lstm" in printed
    assert "synthetic_questions" in printed


def test_list_goes_on_after_a_file_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """And what stands in a question is text, whatever brackets it has."""
    Path("experiments").mkdir()
    Path("experiments/broken.toml").write_text("[model")
    Path("experiments/marked.toml").write_text('question = "Is [/bold] bold?"\n[variants.a]\n')

    main(["list"])

    printed = " ".join(capsys.readouterr().out.split())
    assert "broken.toml: not a TOML file" in printed
    assert "Is [/bold] bold?" in printed
    assert "gru_vs_lstm" in printed


def test_a_port_that_is_taken_is_said_to_be(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Before the server starts."""
    (tmp_path / "mlflow.db").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit) as left:
            main(["ui", "--port", port])

    assert left.value.code == 2
    assert f"127.0.0.1:{port} cannot be used" in capfd.readouterr().err
