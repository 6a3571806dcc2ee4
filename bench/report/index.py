"""The index of all reports in a folder, made from their figures."""

import re
from pathlib import Path
from urllib.parse import quote

from bench.comparison.comparison import Comparison, VariantRow
from bench.errors import BenchError
from bench.files import write_whole
from bench.report.record import RESULTS, Report, load_report

INDEX = "README.md"
MARKS, ESCAPED = re.compile(r"([\\`*\[\]<>|])"), r"\\\1"
"""What a file's name may hold that Markdown would take for its own."""
TITLE = "# Reports\n\nEach is made by `python -m bench report`"
HEADING = f"""{TITLE} from recorded results: `README.md` to be read here,
`index.html` for a browser. The numbers after a verdict are the mean difference in BLEU to the
baseline over paired seeds and its interval, which is corrected for the number of comparisons.
*Tuned*: each variant has the settings that a search found for it. *Exploratory*: settings were
changed by `--set`. Where a question had been asked before, of other runs, a page's discussion may
take back what its verdict says. Of text that is not ours there are figures only, no sentences.
"""
BESIDE = {
    "LOG.md": "What was tried, failures included, is in [LOG.md](LOG.md).\n",
    "speed/README.md": "How fast it is, beside others: [speed](speed/README.md).\n",
}
"""What else may lie in the folder, and what is said of it."""


def write_index(folder: Path) -> bool:
    """Write the index of the reports under a folder into it, unless something else stands there.

    Returns:
        whether it was written.
    """
    path = folder / INDEX
    if path.exists() and not path.read_text("utf-8", errors="replace").startswith(TITLE):
        return False
    write_whole(path, render_index(folder))
    return True


def render_index(folder: Path) -> str:
    """Render a table per question: corpus, answer, seeds, date."""
    lines, others = [HEADING], list[str]()
    lines += [text for name, text in BESIDE.items() if (folder / name).exists()]
    question = ""
    reports = list[tuple[str, bool, str, Report]]()
    for path in folder.glob(f"**/{RESULTS}"):
        name = path.parent.relative_to(folder)
        link = f"{name}/README.md"
        try:
            report = load_report(path.parent)
        except BenchError:
            others.append(f"- [{name}]({quote(link)})")
        else:  # what was planned stands before what was not
            reports.append((name.parts[0], bool(report.adhoc), link, report))
    for _, _, link, report in sorted(reports, key=lambda found: found[:3]):
        if report.comparison.question != question:
            question = report.comparison.question
            lines += [
                f"\n## {question}\n",
                "| corpus | training pairs | answer | seeds | date |",
                "|---|--:|---|--:|---|",
            ]
        lines.append(_row(report, link))
    if others:
        lines += ["\n## Made by an earlier version\n", *sorted(others)]
    return "\n".join(lines) + "\n"


def _row(report: Report, link: str) -> str:
    exploratory = ", exploratory" if report.adhoc else ""
    tuned = ", tuned" if report.search else ""
    chosen = ", of chosen seeds" if report.chosen_seeds else ""
    corpus = MARKS.sub(ESCAPED, report.corpus)
    cells = [
        f"[{corpus}, {report.profile}{tuned}{exploratory}{chosen}]({quote(link)})",
        f"{int(report.ledger.get('train_pairs', 0)):,}",
        _answer(report.comparison),
        str(report.comparison.num_seeds),
        report.provenance.get("date", ""),
    ]
    return f"| {' | '.join(cells)} |"


def _answer(comparison: Comparison) -> str:
    """Say each variant's verdict and estimate, against the baseline."""
    parts = [_said(row, comparison) for row in comparison.rows if not row.is_baseline]
    return f"against {comparison.baseline.variant}: {', '.join(parts)}"


def _said(row: VariantRow, comparison: Comparison) -> str:
    diverged = f", {row.num_diverged} diverged" if row.num_diverged else ""
    if row.difference is None:
        return f"{row.variant} not comparable{diverged}"
    bleu = row.difference.by_metric["bleu"]
    interval = f" [{bleu.low:+.1f}, {bleu.high:+.1f}]" if row.difference.num_seeds > 1 else ""
    little = ", next to nothing learnt" if comparison.has_learnt_little(row) else ""
    figures = f"{bleu.estimate:+z.1f}{interval}{diverged}{little}"
    return f"{row.variant} {row.difference.verdict} ({figures})"
