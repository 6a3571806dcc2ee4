"""A report of one comparison: figures only, none of the corpus's sentences.

Three files: `README.md` for a reader, `results.json` for a program, `overview.svg`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.comparison.by_length import LengthClass
from bench.comparison.comparison import Comparison, VariantRow
from bench.comparison.scorecard import Score
from bench.comparison.statistics import Interval
from bench.comparison.wording import answer
from bench.report.figures import save_overview
from bench.tracking.result import RunResult

FACTS = (
    ("date", "date"),
    ("duration", "duration"),
    ("command", "command"),
    ("git.commit", "commit"),
    ("git.dirty", "with uncommitted changes"),
    ("host.cpu", "processor"),
    ("host.cores", "cores"),
    ("python.version", "Python"),
    ("version.torch", "torch"),
    ("version.spacy", "spaCy"),
    ("version.sacrebleu", "sacreBLEU"),
    ("version.mlflow", "MLflow"),
    ("corpus.fingerprint", "prepared data"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything that a report is made from."""

    experiment: str
    comparison: Comparison
    results: Mapping[str, Sequence[RunResult]]
    """By variant."""
    tags: Mapping[str, str]
    """Provenance, of the first run: see `FACTS`."""
    ledger: Mapping[str, object]
    """What was kept of the corpus."""
    configs: Mapping[str, str]
    """Resolved settings of each variant, as TOML."""
    scorecard: Sequence[Score] = ()
    """Published effects beside ours."""
    by_length: Sequence[LengthClass] = ()
    """BLEU by length of the source sentence."""


def write_report(folder: Path, report: Report) -> None:
    """Write the report's files into a folder, made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    save_overview(folder / "overview.svg", report.comparison, report.results)
    (folder / "README.md").write_text(render_markdown(report), "utf-8")
    (folder / "results.json").write_text(json.dumps(_figures(report), indent=1) + "\n", "utf-8")


def render_markdown(report: Report) -> str:
    """Render the page: question, answer, table, figure, costs, data, provenance."""
    parts = [
        f"# {report.comparison.question}",
        "\n".join(f"- {line}" for line in answer(report.comparison)),
        render_table(report.comparison),
        "![test BLEU by seed, and validation BLEU by epoch](overview.svg)",
        _render_cost(report.comparison),
        f"BLEU: mean over seeds with its 95 % interval (Student's t). Δ: paired by seed, "
        f"{report.comparison.confidence:.1%} intervals, so that all hold together with 95 %. "
        f"Within ±{report.comparison.margin:g} BLEU counts as equivalent. "
        f"sacreBLEU `{report.comparison.signature}`.",
        *([_render_scorecard(report)] if report.scorecard else []),
        *([_render_lengths(report)] if report.by_length else []),
        "## Data\n\n" + _render_facts(report.ledger.items()),
        "## Where this comes from\n\n" + _render_facts(_provenance(report).items()),
        "## Settings of the baseline\n\n```toml\n" + next(iter(report.configs.values())) + "```",
    ]
    return "\n\n".join(parts) + "\n"


def render_table(comparison: Comparison) -> str:
    """Render the scores as a Markdown table."""
    lines = ["| variant | seeds | BLEU | Δ BLEU | verdict |", "|---|--:|--:|--:|---|"]
    for row in comparison.rows:
        seeds = str(row.num_finished)
        if row.num_diverged:
            seeds += f" (+{row.num_diverged} diverged)"
        difference, verdict = ("baseline" if row.is_baseline else "–"), ""
        if row.difference is not None:
            difference, verdict = _interval(row.difference.bleu, "+"), row.difference.verdict
        bleu = _interval(row.bleu) if row.bleu else "–"
        lines.append(f"| {row.variant} | {seeds} | {bleu} | {difference} | {verdict} |")
    return "\n".join(lines)


def _render_cost(comparison: Comparison) -> str:
    lines = [
        "| variant | chrF | loss, nats per token | parameters | training, s | pairs/s | "
        "decoded sentences/s |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [_cost_row(row) for row in comparison.rows]
    return "\n".join(lines)


def _render_scorecard(report: Report) -> str:
    lines = [
        "## Published effects beside ours\n",
        "| variant − baseline | published | ours, 95 % | | source |",
        "|---|--:|--:|---|---|",
    ]
    for score in report.scorecard:
        expected = score.expected
        unit = "BLEU" if expected.metric == "bleu" else "loss"
        published = f"{expected.low:+g}"
        if expected.high != expected.low:
            published += f" to {expected.high:+g}"
        ours = "–" if score.ours is None else _interval(score.ours, "+")
        lines.append(
            f"| {expected.variant} | {published} {unit} | {ours} | {score.agreement} "
            f"| {expected.source} |"
        )
    return "\n".join(lines)


def _render_lengths(report: Report) -> str:
    variants = list(report.by_length[0].bleu)
    lines = [
        "## BLEU by length of the French sentence, in words\n",
        f"| variant | {' | '.join(found.label for found in report.by_length)} |",
        "|---|" + "--:|" * len(report.by_length),
    ]
    counts = " | ".join(f"{found.num_sentences:,}" for found in report.by_length)
    lines.append(f"| *sentences* | {counts} |")
    for variant in variants:
        scores = " | ".join(f"{found.bleu[variant]:.1f}" for found in report.by_length)
        lines.append(f"| {variant} | {scores} |")
    return "\n".join(lines)


def _cost_row(row: VariantRow) -> str:
    cells = [
        row.variant,
        "–" if row.chrf is None else f"{row.chrf:.1f}",
        "–" if row.loss is None else f"{row.loss:.3f}",
        f"{row.parameters:,}",
        f"{row.training_seconds:.0f}",
        f"{row.pairs_per_second:,.0f}",
        "–" if row.sentences_per_second is None else f"{row.sentences_per_second:,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _render_facts(facts: object) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in facts)  # type: ignore[attr-defined]


def _provenance(report: Report) -> dict[str, str]:
    facts = {label: report.tags[key] for key, label in FACTS if key in report.tags}
    if "command" in facts:
        # Not where somebody keeps their files: of a path only the last part.
        facts["command"] = " ".join(Path(word).name for word in facts["command"].split())
    return facts


def _interval(interval: Interval, sign: str = "") -> str:
    if math.isinf(interval.low):
        return f"{interval.estimate:{sign}.2f} (one seed)"
    return f"{interval.estimate:{sign}.2f} [{interval.low:{sign}.2f}, {interval.high:{sign}.2f}]"


def _figures(report: Report) -> dict[str, object]:
    """Return every number, and no sentence."""
    runs = {
        variant: [
            {key: value for key, value in run.to_json().items() if key != "hypotheses"}
            for run in found
        ]
        for variant, found in report.results.items()
    }
    return {
        "experiment": report.experiment,
        "question": report.comparison.question,
        "answer": answer(report.comparison),
        "provenance": _provenance(report),
        "data": dict(report.ledger),
        "scorecard": [
            {
                **asdict(score.expected),
                "ours": score.ours,
                "agreement": score.agreement,
            }
            for score in report.scorecard
        ],
        "by_length": [found._asdict() for found in report.by_length],
        "settings": dict(report.configs),
        "runs": runs,
    }
