"""The page of a report: one function per section, in the order of reading.

A section is Markdown and figures. `README.md` is that text with the figures as files beside it,
`index.html` the same as one file with everything in it.
"""

from collections.abc import Mapping
from typing import Any

from bench.comparison.columns import BESIDE, COST, EVIDENCE, QUALITY, render_interval
from bench.comparison.wording import method
from bench.data.corpus import corpus_names
from bench.report.figures.attention import draw_attention
from bench.report.figures.comparison import draw_cost, draw_forest, draw_lengths, draw_seeds
from bench.report.figures.curves import draw_curves
from bench.report.formats import render_table
from bench.report.record import Report
from bench.report.search_sections import build_search_sections
from bench.report.section import Colours, Figure, Section, list_facts, markdown_table
from bench.tracking.colours import variant_colours

UNEVEN = 1.5
"""Times the seconds of another seed with the same settings, from which on they are no measure."""


def build_sections(report: Report, discussion: str) -> list[Section]:
    """Build every section that there is something for.

    Args:
        report: its figures.
        discussion: Markdown written by hand; "" if there is none.
    """
    colours = variant_colours(report.results)
    sections = (
        _answer(report, colours),
        *(build_search_sections(report.search, colours) if report.search else ()),
        _curves(report, colours),
        _cost(report, colours),
        _lengths(report, colours),
        _attention(report, colours),
        _samples(report),
        _scorecard(report),
        Section("Discussion", [discussion] if discussion else []),
        _data(report),
        _provenance(report),
    )
    return [section for section in sections if section.parts]


def _answer(report: Report, colours: Colours) -> Section:
    comparison = report.comparison
    parts: list[str | Figure] = []
    if report.adhoc:
        parts.append(
            f"Exploratory: settings were changed for it, {' '.join(report.adhoc)}; "
            "the experiment's file plans no such comparison."
        )
    if report.chosen_seeds:
        parts.append("Of seeds that were named for it; others may be recorded and are not counted.")
    parts.append(render_table(QUALITY, comparison))
    if any(row.difference is not None for row in comparison.rows):
        caption = "Difference of each variant to the baseline, with the interval of the table."
        parts.append(Figure("forest", draw_forest(comparison, colours), caption))
    caption = "Test BLEU by seed; lines join runs of the same seed, bars are 95 % intervals."
    parts.append(Figure("seeds", draw_seeds(comparison, report.results, colours), caption))
    parts += [
        render_table(BESIDE, comparison),
        render_table(EVIDENCE, comparison),
        method(comparison),
        *_unevenness(report),
    ]
    return Section("Scores", parts)


def _unevenness(report: Report) -> list[str]:
    """Say so where runs that did the same work took very different times for it."""
    spreads = {}
    for variant, runs in report.results.items():
        seconds = [run.training_seconds for run in runs if run.outcome == "finished"]
        if seconds and max(seconds) > UNEVEN * min(seconds):
            spreads[variant] = (min(seconds), max(seconds))
    if not spreads:
        return []
    variant, (low, high) = max(spreads.items(), key=lambda item: item[1][1] / item[1][0])
    return [
        f"Runs of one variant took unequal times to train, those of {variant} {_seconds(low)} to "
        f"{_seconds(high)} seconds. Seconds, pairs a second and what is said at equal training "
        "time are for orientation."
    ]


def _seconds(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"


def _curves(report: Report, colours: Colours) -> Section:
    metrics = {
        "bleu": ("validation/bleu", "validation BLEU"),
        "loss": ("validation/loss", "validation loss, nats per token"),
    }
    figures = []
    for short, (metric, label) in metrics.items():
        for by_seconds in (False, True):
            name = f"{short}_by_{'seconds' if by_seconds else 'epoch'}"
            svg = draw_curves(
                report.results,
                colours,
                name=name,
                metric=metric,
                label=label,
                by_seconds=by_seconds,
            )
            axis = "seconds of training" if by_seconds else "epoch"
            what = label.partition(",")[0].replace("validation", "Validation")
            caption = f"{what} by {axis}: mean and range over seeds."
            figures.append(Figure(name, svg, caption))
    return Section("Learning curves", figures)


def _cost(report: Report, colours: Colours) -> Section:
    figures = [
        Figure(
            f"bleu_by_{name}",
            draw_cost(
                report.comparison,
                report.results,
                colours,
                name=f"bleu_by_{name}",
                cost=cost,
                label=label,
            ),
            f"Test BLEU against {label}: a dot per seed, their mean larger.",
        )
        for name, label, cost in (
            ("training_seconds", "seconds of training", lambda run: run.training_seconds),
            ("parameters", "millions of parameters", lambda run: run.parameters / 1e6),
        )
    ]
    return Section("Quality and cost", [render_table(COST, report.comparison), *figures])


def _lengths(report: Report, colours: Colours) -> Section:
    if not report.by_length:
        return Section("", [])
    headings = [found.label for found in report.by_length]
    rows = [["*sentences*", *(f"{found.num_sentences:,}" for found in report.by_length)]]
    rows += [
        [variant, *(f"{found.bleu[variant]:.1f}" for found in report.by_length)]
        for variant in report.by_length[0].bleu
    ]
    figure = Figure(
        "lengths",
        draw_lengths(report.by_length, colours),
        "Test BLEU of sentences of each length, mean over seeds.",
    )
    parts: list[str | Figure] = [markdown_table(headings, rows)]
    shown = sum(found.num_sentences for found in report.by_length)
    left_out = report.comparison.num_sentences - shown
    if left_out > 0:
        parts.append(f"{left_out} sentences of other lengths are too few for a figure.")
    return Section("BLEU by length of the French sentence", [*parts, figure])


def _attention(report: Report, colours: Colours) -> Section:
    figures = []
    for place, (variant, attended) in enumerate(report.attention, start=1):
        name = f"attention_{place}"
        svg = draw_attention(attended, name=name, colour=colours[variant])
        figures.append(Figure(name, svg, f"{variant}: where it looked, the stronger the more."))
    return Section("Attention", figures)


def _samples(report: Report) -> Section:
    parts = []
    for sample in report.samples:
        lines = [("French", sample.source), ("reference", sample.reference)]
        lines += list(sample.translations.items())
        parts.append(
            markdown_table(
                ["sentence"], [[name, _escape(text)] for name, text in lines], align=":--"
            )
        )
    if parts:
        parts.insert(0, "Of the test split, those on which one run of each variant differ most.")
    return Section("Sample translations", parts)


def _scorecard(report: Report) -> Section:
    rows = []
    for score in report.scorecard:
        expected = score.expected
        ours = "–" if score.ours is None else render_interval(score.ours, sign="+")
        rows.append([expected.variant, score.published, ours, score.agreement, expected.source])
    if not rows:
        return Section("", [])
    table = markdown_table(["published", "ours", "", "source"], rows, align=":--")
    return Section("Published effects beside ours", [table])


def _data(report: Report) -> Section:
    facts = {
        key: f"{value}{_otherwise(key, value, report.other_ledgers)}"
        for key, value in report.ledger.items()
    }
    return Section("Data", [list_facts(facts.items())])


def _otherwise(key: str, value: object, ledgers: Mapping[str, Mapping[str, Any]]) -> str:
    """Say of which variants a figure is another one."""
    others = dict[object, list[str]]()
    for variant, ledger in ledgers.items():
        if ledger[key] != value:
            others.setdefault(ledger[key], []).append(variant)
    return "".join(f"; {', '.join(names)}: {other}" for other, names in others.items())


def _provenance(report: Report) -> Section:
    baseline = report.comparison.baseline.variant
    return Section(
        "Where this comes from",
        [
            list_facts(report.provenance.items()),
            f"Made again by\n\n```sh\n{report.command}\n```{_where_it_lies(report)}",
            "Every run, with its curves and translations, is in the store that this page was made "
            "from: `python -m bench ui` there, then "
            f"[the runs compared in MLflow]({report.mlflow}).",
            f"Settings of {baseline}:\n\n```toml\n{report.settings[baseline]}```",
        ],
    )


def _where_it_lies(report: Report) -> str:
    """Say what a path was shortened to, of a corpus that nobody else has by this name."""
    if report.corpus in corpus_names():
        return ""
    return f"\n\nThe corpus is a file or folder of one's own, {report.corpus}, wherever it lies."


def _escape(text: str) -> str:
    """Keep a sentence from being taken for Markdown."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#~" else letter for letter in text)
