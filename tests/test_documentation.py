"""What the documents say is so."""

import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest

from bench.cli.main import COMMANDS
from bench.experiment.loading import load_experiment
from bench.experiment.reference import render_reference

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)).splitlines()
BENCH = [line for line in SHELL if line.startswith("python -m bench")]
SMALL = ["--set", "training.epochs=1", "--set", "data.generated_pairs=600", "--seeds", "2"]
SERVERS = {"ui": (5000, "/health"), "dashboard": (8080, "/dashboard")}
"""Port, and a page that answers."""
SELECTING = {"run", "plan", "compare", "report", "translate", "find-lr", "search", "speed"}


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
        assert target.startswith("https://") or (ROOT / unquote(target)).exists(), target


def test_the_first_lines_of_ci_are_the_readmes() -> None:
    """The two commands, each on a line of its own, are found by `.ci/run`."""
    assert sum(line.startswith("python -m pip install -c constraints.txt .") for line in SHELL) == 1
    assert sum(line.startswith("python -m pip install tox && tox") for line in SHELL) == 1


@pytest.mark.slow
def test_every_command_shown_works(tmp_path: Path) -> None:
    """Each is run as it stands, on less data and for one epoch, in the order of the page."""
    questions = [f"Où est le numéro {n} ?\tWhere is number {n}?\n" for n in range(300)]
    (tmp_path / "my_pairs.tsv").write_text("".join(questions))
    with zipfile.ZipFile(tmp_path / "fra-eng.zip", "w") as packed:
        lines = [f"Where is street {n}?\tOù est la rue {n} ?\tCC-BY\n" for n in range(300)]
        packed.writestr("fra.txt", "".join(lines))
    servers: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for line in BENCH:
            arguments = shlex.split(line)[3:]
            if "--until-decided" in line:
                arguments = [word.replace("8", "3") for word in arguments]
            if arguments[0] in SERVERS:
                servers[arguments[0]] = start(arguments[0], tmp_path)
                continue
            small = SMALL if arguments[0] in SELECTING else []
            if "--resume" in arguments:
                small = []  # as it was begun
            if arguments[-1] == "--simulate":
                small, arguments = [], [*arguments, "3"]
            done = subprocess.run(
                [sys.executable, "-m", "bench", arguments[0], *small, *arguments[1:]],
                cwd=tmp_path, capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    finally:
        for server in servers.values():
            server.terminate()
            server.wait(30)
    for command in servers:
        with socket.socket() as probe:  # their workers have gone with them
            assert probe.connect_ex(("127.0.0.1", SERVERS[command][0]))


def start(command: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start pages as the README says, and wait until they answer."""
    port, path = SERVERS[command]
    server = subprocess.Popen([sys.executable, "-m", "bench", command], cwd=folder)
    for _ in range(120):
        time.sleep(1)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                if answer.status == 200:
                    return server
        except OSError:
            continue
    server.terminate()
    pytest.fail(f"python -m bench {command} did not answer within two minutes")
