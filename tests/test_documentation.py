"""What the documents say is so."""

import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from bench.cli.main import COMMANDS
from bench.experiment.loading import load_experiment
from bench.experiment.reference import render_reference

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)).splitlines()
BENCH = [line for line in SHELL if line.startswith("python -m bench")]
SMALL = ["--set", "training.epochs=1", "--set", "data.generated_pairs=600", "--seeds", "2"]
SELECTING = {"run", "plan", "compare", "report", "translate", "find-lr", "search"}


def test_the_keys_of_an_experiment_are_those_of_the_classes() -> None:
    """experiments/README.md is made from the config classes."""
    assert (ROOT / "experiments" / "README.md").read_text("utf-8") == render_reference()


def test_the_example_of_an_experiment_loads(tmp_path: Path) -> None:
    """The TOML in the README is one that the suite takes."""
    (example,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "dropout.toml").write_text(example)

    assert load_experiment(str(tmp_path / "dropout.toml")).baseline == "half"


def test_every_command_is_in_the_readme() -> None:
    """What can be done is told."""
    for command in COMMANDS:
        assert f"python -m bench {command}" in README


def test_every_link_leads_somewhere() -> None:
    """Of those within the project."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_first_lines_of_ci_are_the_readmes() -> None:
    """The two commands, each on a line of its own, are found by `.ci/run`."""
    assert sum(line.startswith("python -m pip install -c constraints.txt .") for line in SHELL) == 1
    assert sum(line.startswith("python -m pip install tox && tox") for line in SHELL) == 1


@pytest.mark.slow
def test_every_command_shown_works(tmp_path: Path) -> None:
    """Each is run as it stands, on less data and for one epoch, in the order of the page."""
    questions = [f"Où est le numéro {n} ?\tWhere is number {n}?\n" for n in range(300)]
    (tmp_path / "my_pairs.tsv").write_text("".join(questions))
    (tmp_path / "tatoeba").mkdir()
    for split, start in (("train", 0), ("val", 400), ("test", 500)):
        lines = [f"Où est la rue {start + n} ?\tWhere is street {start + n}?\n" for n in range(90)]
        (tmp_path / "tatoeba" / f"{split}.tsv").write_text("".join(lines))
    server = None
    try:
        for line in BENCH:
            arguments = shlex.split(line)[3:]
            if "--until-decided" in line:
                arguments = [word.replace("8", "3") for word in arguments]
            if arguments[0] == "ui":
                server = start_ui(tmp_path)
                continue
            small = SMALL if arguments[0] in SELECTING else []
            if arguments[-1] == "--simulate":
                small, arguments = [], [*arguments, "3"]
            done = subprocess.run(
                [sys.executable, "-m", "bench", arguments[0], *small, *arguments[1:]],
                cwd=tmp_path, capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    finally:
        if server is not None:
            server.terminate()
            server.wait(30)
            with socket.socket() as probe:  # its workers have gone with it
                assert probe.connect_ex(("127.0.0.1", 5000))


def start_ui(folder: Path) -> subprocess.Popen[bytes]:
    """Start MLflow's pages as the README says, and wait until they answer."""
    server = subprocess.Popen([sys.executable, "-m", "bench", "ui"], cwd=folder)
    for _ in range(120):
        time.sleep(1)
        try:
            with urllib.request.urlopen("http://127.0.0.1:5000/health", timeout=2) as answer:
                if answer.status == 200:
                    return server
        except OSError:
            continue
    server.terminate()
    pytest.fail("python -m bench ui did not answer within two minutes")
