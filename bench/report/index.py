"""The index of all reports in a folder, made from their `results.json`."""

import json
import tomllib
from pathlib import Path
from typing import Any

from bench.comparison.comparison import Comparison, compare
from bench.tracking.result import RunResult

INDEX = "README.md"
HEADING = """# Reports

Each is made by `python -m bench report` from recorded results; figures only. Δ is the mean paired
difference in BLEU to the baseline; its interval is in the report. What was tried, failures
included, is in [LOG.md](LOG.md).
"""


def write_index(folder: Path) -> None:
    """Write the index of the reports under a folder into it."""
    (folder / INDEX).write_text(render_index(folder), "utf-8")


def render_index(folder: Path) -> str:
    """Render a table per question: corpus, answer, date, seeds."""
    lines = [HEADING]
    question = ""
    for path in sorted(folder.glob("*/*/results.json")):
        report = json.loads(path.read_text("utf-8"))
        if report["question"] != question:
            question = report["question"]
            lines += [
                f"\n## {question}\n",
                "| corpus | training pairs | answer | seeds | date |",
                "|---|--:|---|--:|---|",
            ]
        lines.append(_row(report, f"{path.parent.relative_to(folder)}/README.md"))
    return "\n".join(lines) + "\n"


def _row(report: dict[str, Any], link: str) -> str:
    comparison = _compare(report)
    profile = link.split("/")[1].partition("-")[0]
    data = report["data"]
    cells = [
        f"[{data['corpus']}, {profile}]({link})",
        f"{data['train_pairs']:,}",
        _answer(comparison),
        str(max(row.num_finished for row in comparison.rows)),
        report["provenance"].get("date", ""),
    ]
    return f"| {' | '.join(cells)} |"


def _compare(report: dict[str, Any]) -> Comparison:
    results = {
        variant: [RunResult.from_json({**run, "hypotheses": []}) for run in runs]
        for variant, runs in report["runs"].items()
    }
    baseline = next(iter(results))
    settings = tomllib.loads(report["settings"][baseline])
    margin = settings["evaluation"]["equivalence_margin"]
    return compare(report["question"], results, baseline=baseline, margin=margin)


def _answer(comparison: Comparison) -> str:
    """Say each variant's verdict and estimate, against the baseline."""
    baseline = next(row.variant for row in comparison.rows if row.is_baseline)
    parts = [
        f"{row.variant} {row.difference.verdict} ({row.difference.bleu.estimate:+.1f})"
        for row in comparison.rows
        if row.difference is not None
    ]
    return f"against {baseline}: {', '.join(parts)}"
