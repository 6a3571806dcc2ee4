"""The files of a report: the figures, a page for a repository's reader, one for a browser."""

import re
from pathlib import Path
from typing import get_args

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from bench.comparison.statistics import Verdict
from bench.comparison.wording import answer
from bench.data.corpus import corpus_names
from bench.errors import BenchError
from bench.files import write_whole
from bench.report.figures.drawing import standalone
from bench.report.page import build_sections
from bench.report.record import RESULTS, Report, load_report, save_report
from bench.report.section import Figure, Section
from bench.tracking.colours import variant_colours

README, HTML, FIGURES, DISCUSSION = "README.md", "index.html", "figures", "discussion.md"
VERDICTS = "|".join(get_args(Verdict))

FINGERPRINT = re.compile(r"\b[0-9a-f]{8,}\b")
SHOWN_FIGURE = re.compile(rf"\]\({FIGURES}/([\w.-]+\.svg)\)")

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_TEMPLATES = Environment(
    loader=PackageLoader("bench.report"), autoescape=True, undefined=StrictUndefined
)


def write_report(folder: Path, report: Report) -> list[Path]:
    """Write a report's files into a folder, made if need be, and return them.

    `discussion.md` is written by hand: it is taken into the pages and never touched.

    Raises:
        BenchError: when the folder has such files of somebody else's, or a report on another text
            of that name, or the discussion is no text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sections = build_sections(report, _read_discussion(folder / DISCUSSION))
    _refuse_others(folder)
    _refuse_another_text(folder, report)
    pages = {README: render_markdown(report, sections), HTML: render_html(report, sections)}
    parts = [part for section in sections for part in section.parts]
    figures = {f"{part.name}.svg": part.svg for part in parts if isinstance(part, Figure)}
    earlier = _shown_figures(folder)
    (folder / FIGURES).mkdir(exist_ok=True)
    for name, svg in figures.items():
        write_whole(folder / FIGURES / name, standalone(svg))
    save_report(folder, report)
    for name, text in pages.items():
        write_whole(folder / name, text)
    for name in earlier - figures.keys():
        (folder / FIGURES / name).unlink(missing_ok=True)
    return [folder / name for name in (HTML, README, RESULTS, FIGURES)]


def discusses_others(folder: Path, report: Report) -> bool:
    """Tell whether a folder has a discussion that was written beside other scores than these."""
    if not ((folder / DISCUSSION).exists() and (folder / RESULTS).exists()):
        return False
    try:
        return _scores(load_report(folder)) != _scores(report)
    except BenchError:  # of an earlier version
        return True


def _scores(report: Report) -> list[object]:
    return [(row.variant, dict(row.scores)) for row in report.comparison.rows]


def _read_discussion(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig").strip() if path.exists() else ""
    except UnicodeDecodeError as error:
        raise BenchError(f"{path} is not UTF-8 ({error.reason})") from error


def _refuse_others(folder: Path) -> None:
    """Refuse a folder with pages where no report has been written yet."""
    others = [name for name in (README, HTML) if (folder / name).exists()]
    if others and not (folder / RESULTS).exists():
        raise BenchError(f"{folder} has a {others[0]} that is no report's; name another with --to")


def _refuse_another_text(folder: Path, report: Report) -> None:
    """Keep what was made of one's own files, and written beside it, from files of the same name."""
    if report.corpus in corpus_names() or not (folder / RESULTS).exists():
        return
    try:
        ours, theirs = _fingerprints(report), _fingerprints(load_report(folder))
    except BenchError:  # of an earlier version
        return
    if ours and theirs and ours.isdisjoint(theirs):
        raise BenchError(
            f"{folder} is about another {report.corpus}, or as it was before; "
            "name another folder with --to, or remove that one"
        )


def _fingerprints(report: Report) -> set[str]:
    return set(FINGERPRINT.findall(report.provenance.get("prepared data", "")))


def _shown_figures(folder: Path) -> set[str]:
    """Name the figures that an earlier report shows; any others are somebody else's."""
    page = folder / README
    return set(SHOWN_FIGURE.findall(page.read_text("utf-8", "replace"))) if page.exists() else set()


def render_markdown(report: Report, sections: list[Section]) -> str:
    """Render the page for a repository's reader, its figures as files."""
    answers = "\n".join(f"- {line}" for line in answer(report.comparison))
    parts = [f"# {report.comparison.question}", _subtitle(report), answers]
    for section in sections:
        parts.append(f"## {section.title}")
        parts += [
            f"![{part.caption}]({FIGURES}/{part.name}.svg)" if isinstance(part, Figure) else part
            for part in section.parts
        ]
    return "\n\n".join(parts) + "\n"


def render_html(report: Report, sections: list[Section]) -> str:
    """Render the page for a browser: one file, nothing fetched from elsewhere."""
    colours = variant_colours(report.results)
    template = _TEMPLATES.get_template("page.html")
    return template.render(
        title=report.comparison.question,
        subtitle=_subtitle(report),
        summary=answer(report.comparison),
        sections=[
            (section.title, [_block(part, colours) for part in section.parts])
            for section in sections
        ],
    )


def _subtitle(report: Report) -> str:
    seeds = report.comparison.num_seeds
    pairs = int(report.ledger.get("train_pairs", 0))
    tuned = f", each tuned by {report.search.config.trials} trials" if report.search else ""
    changed = f" with `{' '.join(report.adhoc)}`" if report.adhoc else ""
    return (
        f"`{report.experiment}`{changed}{tuned}, profile {report.profile}, on {report.corpus}: "
        f"{pairs:,} training pairs, {seeds} seeds, {report.provenance.get('date', '')}"
    )


def _block(part: str | Figure, colours: dict[str, str]) -> dict[str, str]:
    """Turn a part into what the template lays out; our own text, so it goes in as it is."""
    if isinstance(part, Figure):
        return {"kind": "figure", "svg": part.svg, "caption": part.caption}
    html = _MARKDOWN.render(part)
    html = html.replace("<table>", '<div class="table"><table>')
    html = html.replace("</table>", "</table></div>")
    html = re.sub(rf"(<td[^>]*)>({VERDICTS})</td>", r'\1><b class="\2">\2</b></td>', html)
    for variant, colour in colours.items():
        dot = f'<i class="dot" style="background:{colour}"></i>'
        html = html.replace(f"<td>{variant}</td>", f"<td>{dot}{variant}</td>")
    return {"kind": "text", "html": html}
