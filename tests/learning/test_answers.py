"""From recorded runs to answers, by the command line alone: seeds until decided, files, pages."""

import csv
import io
import json
import time
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import torch
from mlflow import MlflowClient
from mlflow.entities import Run

from bench.processor import read_processor
from tests.browser import open_browser, serving, show, wait_for
from tests.learning.test_whole_way import EXPERIMENT, bench

pytestmark = pytest.mark.slow
UNTIL = ("--until-decided", "--max-seeds", "4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of an experiment, made until its question was decided, or at most four seeds."""
    folder = tmp_path_factory.mktemp("answers")
    (folder / "experiments").mkdir()
    (folder / "experiments" / "size.toml").write_text(
        EXPERIMENT.replace("epochs = 8", "epochs = 3")
    )
    done = bench(folder, "run", "size", *UNTIL)
    assert done.returncode == 0, done.stderr
    assert "Until decided: looking after 2, 3, 4 seeds" in done.stdout
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """MLflow's pages on these runs."""
    with serving(folder, "ui", "/health") as address:
        yield address


def parents(folder: Path) -> dict[str, Run]:
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("size")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], "tags.kind = 'variant'")
    return {run.data.tags["variant"]: run for run in runs}


def test_the_same_numbers_come_out_in_every_form(folder: Path) -> None:
    """Table, JSON, CSV, Markdown and MLflow's parent runs; all recorded seeds, unless told."""
    table = bench(folder, "compare", "size").stdout
    found = json.loads(bench(folder, "compare", "size", "--format", "json").stdout)
    text = bench(folder, "compare", "size", "--format", "csv").stdout
    markdown = bench(folder, "compare", "size", "--format", "markdown").stdout
    few = json.loads(bench(folder, "compare", "size", "--seeds", "2", "--format", "json").stdout)

    difference = found["rows"][1]["difference"]
    estimate, low, high = difference["by_metric"]["bleu"]
    line = list(csv.DictReader(io.StringIO(text)))[1]
    parent = parents(folder)["many"]
    shown = f"{estimate:+.2f} [{low:+.2f}, {high:+.2f}]"

    assert shown in table
    assert shown in markdown
    assert float(line["difference_bleu"]) == estimate
    assert line["verdict"] == difference["verdict"] == parent.data.tags["verdict"]
    assert parent.data.metrics["difference/bleu"] == estimate
    assert parent.data.metrics["difference/bleu_low"] == low
    assert parent.data.tags["seeds"] == str(difference["num_seeds"])
    assert few["rows"][1]["difference"]["num_seeds"] == 2
    if difference["num_seeds"] > 2:
        assert found["looks"] == [2, 3, 4]


def test_seeds_were_added_only_while_a_verdict_was_open(folder: Path) -> None:
    """No more than were needed to decide, and the record knows of the looks."""
    runs = bench(folder, "plan", "size", "--seeds", "4").stdout
    again = bench(folder, "run", "size", *UNTIL).stdout

    (line,) = (line for line in runs.splitlines() if "of 8 runs done" in line)
    assert line.split()[0] in {"4", "6", "8"}
    assert "had been done before and not again" in again


def test_a_report_is_written_from_the_record(folder: Path) -> None:
    """The pages of the experiment's own corpus lie in its folder, with sentences that are ours."""
    done = bench(folder, "report", "size")

    written = folder / "reports" / "size"
    assert done.returncode == 0, done.stderr
    assert {path.name for path in written.iterdir()} == {
        "README.md", "index.html", "results.json", "figures",
    }  # fmt: skip
    assert "Are more features better?" in (folder / "reports" / "README.md").read_text("utf-8")
    page = (written / "README.md").read_text("utf-8")
    assert "## Sample translations" in page
    assert parents(folder)["many"].info.run_id in page


def test_mlflows_charts_show_the_variants_without_a_click(
    folder: Path, address: str, tmp_path: Path
) -> None:
    """Both parents' BLEU by epoch, side by side, on the experiment's page of runs."""
    experiment = parents(folder)["few"].info.experiment_id
    with open_browser(tmp_path / "profile") as browser:
        show(browser, width=1400, scheme="light")
        browser.get(
            f"{address}/#/experiments/{experiment}/runs"
            "?workflowType=machine_learning&compareRunsMode=CHART"
        )

        wait_for(
            browser, "few (quick, digit_reversal)", "many (quick, digit_reversal)", "validation"
        )

        charts = browser.find_elements("css selector", ".js-plotly-plot")
        for _ in range(60):
            charts = browser.find_elements("css selector", ".js-plotly-plot")
            if charts:
                break
            time.sleep(1)
        assert charts


def test_mlflows_comparison_shows_what_differs(folder: Path, address: str, tmp_path: Path) -> None:
    """The link in the report leads to the variants' parents and their differing settings."""
    bench(folder, "report", "size", "--to", "linked")
    page = (folder / "linked" / "README.md").read_text("utf-8")
    link = page.partition("(http://127.0.0.1:5000")[2].partition(")")[0]
    with open_browser(tmp_path / "profile") as browser:
        show(browser, width=1400, scheme="light")

        browser.get(address + link)

        shown = wait_for(browser, "Comparing 2 Runs", "model.hidden_size")
        assert all(
            run.info.run_id in urllib.parse.unquote(link) for run in parents(folder).values()
        )
        assert "48" in shown


def test_figures_of_speed_say_what_was_measured_when_and_where(folder: Path) -> None:
    """Every setting, how often, the day, the machine, the versions, the commit."""
    done = bench(
        folder, "speed", "size", "many", "--rounds", "2", "--batches", "1", "--to", "figures"
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((folder / "figures" / "size-many-float32.json").read_text("utf-8"))

    assert (found["experiment"], found["variant"]) == ("size", "many")
    assert (found["num_rounds"], found["num_batches"]) == (2, 1)
    assert found["seed"] == 1
    assert found["settings"]["data.corpus"] == "digit_reversal"
    assert 0 <= (datetime.now(UTC).date() - date.fromisoformat(found["date"])).days <= 1
    assert found["provenance"]["version.torch"] == torch.__version__
    assert found["provenance"]["host.cpu"] == read_processor().name
    assert found["pairs_per_second"]["low"] <= found["pairs_per_second"]["median"]
