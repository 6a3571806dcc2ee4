"""A page's sections on a search: the finalists, its course, what a budget is worth."""

from collections.abc import Mapping
from statistics import stdev

from bench.comparison.best_of import BestOf, best_of_search, leads_from
from bench.comparison.columns import render_interval
from bench.evaluation.metrics import higher_is_better
from bench.report.figures.search import (
    draw_best_of,
    draw_front,
    draw_history,
    draw_importances,
    draw_parallel,
    draw_slice,
    slice_name,
)
from bench.report.section import Colours, Figure, Section, markdown_table
from bench.search.record import (
    FEWEST_FOR_BEST_OF,
    Finalist,
    SearchRecord,
    TrialRecord,
    total_seconds,
)
from bench.search.space import describe

DIGITS = {"bleu": 2, "chrf": 2, "loss": 3, "seconds": 1, "parameters": 0}
NAMES = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "loss": "loss",
    "seconds": "seconds",
    "parameters": "parameters",
}


def build_search_sections(search: SearchRecord, colours: Colours) -> list[Section]:
    """Build the sections that there is something for."""
    return [
        _finalists(search),
        _budget(search, colours),
        _front(search, colours),
        _course(search, colours),
    ]


def build_plots(search: SearchRecord, colours: Colours) -> list[Figure]:
    """Build every plot of a search."""
    sections = build_search_sections(search, colours)
    return [part for section in sections for part in section.parts if isinstance(part, Figure)]


def describe_budget(best_of: BestOf, *, metric: str) -> list[str]:
    """Say from which number of trials on a variant leads the first one."""
    first = next(iter(best_of.expected))
    sentences = []
    for variant, difference in best_of.difference.items():
        known = len(difference)
        start = leads_from(difference)
        if start is None:
            sentences.append(
                f"Of n trials each, n up to {known}, which is as far as these can tell, it is "
                f"undetermined whether the best is {variant}'s or {first}'s."
            )
            continue
        last = difference[-1]
        leader = variant if (last.estimate > 0) == higher_is_better(metric) else first
        sentences.append(
            f"Of n trials each, n from {start} to {known}, which is as far as these can tell, the "
            f"best is {leader}'s: at n = {known} {variant} has "
            f"{render_interval(last, digits=DIGITS[metric], sign='+')} against {first}, by trials "
            "of one seed each."
        )
    return sentences


def describe_cost(search: SearchRecord) -> str:
    """Say what each variant's trials took; nothing of a search that did not note it."""
    parts = []
    for variant, study in search.studies.items():
        again = total_seconds([finalist.seconds for finalist in search.finalists[variant]])
        if study.seconds is None or again is None:
            return ""
        parts.append(f"{variant} {study.seconds / 60:,.1f} and {again / 60:,.1f}")
    return f"Minutes of one process, for the trials and for fresh seeds: {'; '.join(parts)}."


def format_settings(settings: Mapping[str, object]) -> str:
    """Write settings in a line."""
    return ", ".join(f"{name} {format_value(value)}" for name, value in settings.items())


def format_value(value: object) -> str:
    """Write a setting's value, short."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _finalists(search: SearchRecord) -> Section:
    config, metric = search.config, NAMES[search.config.metric]
    first, last = config.retrial_seeds[0], config.retrial_seeds[-1]
    text = (
        f"{config.trials} trials for each variant, {config.sampler}, by validation {metric}, over "
        + "; ".join(f"`{name}` {describe(dimension)}" for name, dimension in config.space.items())
        + f". The best {config.finalists} of each were trained again with seeds {first} to {last}. "
        "Fresh seeds: mean ± deviation. The gap is what a score in the search owed to having been "
        "the best of many, and to the one seed that all trials had. The best by fresh seeds (bold) "
        "is what is compared above, with seeds that have chosen nothing."
    )
    headings = ["trial", f"{metric} in the search", "fresh seeds", "gap", *_short(search)]
    rows = []
    for variant, finalists in search.finalists.items():
        winner = search.winner(variant)
        for finalist in finalists:
            number = f"#{finalist.trial.number}"
            shown = f"**{number}**" if finalist is winner else number
            settings = _settings(search, finalist.trial)
            rows.append([variant, shown, *finalist_figures(finalist, config.metric), *settings])
    return Section("What the search found", [text, markdown_table(headings, rows)])


def finalist_figures(finalist: Finalist, metric: str) -> tuple[str, str, str]:
    """Write a finalist's score in the search, with fresh seeds (mean ± deviation), and the gap."""
    form = f".{DIGITS[metric]}f"
    scores = list(finalist.fresh.values())
    spread = f" ± {stdev(scores):{form}}" if len(scores) > 1 else ""
    fresh = f"{finalist.fresh_mean:{form}}{spread}"
    return f"{finalist.searched:{form}}", fresh, f"{finalist.gap:+{form}}"


def _settings(search: SearchRecord, trial: TrialRecord) -> list[str]:
    """Write a trial's settings in the order of the space, as `_short` names them."""
    return [format_value(trial.settings[name]) for name in search.config.space]


def _short(search: SearchRecord) -> list[str]:
    """Name the settings without their sections."""
    return [name.partition(".")[2] for name in search.config.space]


def _budget(search: SearchRecord, colours: Colours) -> Section:
    title = "What a budget of n trials is worth"
    if not search.is_for_best_of:
        return Section(
            title,
            [
                "The expected best of n is drawn from random and quasi-random studies alone, with "
                f"the same trials for each variant, at least {FEWEST_FOR_BEST_OF}, all trained to "
                "their end; here that is not so."
            ],
        )
    best_of = best_of_search(search)
    metric = search.config.metric
    figure = Figure(
        "best_of",
        draw_best_of(best_of, colours, metric=metric),
        f"Expected validation {NAMES[metric]} of the best of n trials; the band, up to a quarter "
        "of the trials, covers about 90 % by simulation.",
    )
    return Section(title, [" ".join(describe_budget(best_of, metric=metric)), figure])


def _front(search: SearchRecord, colours: Colours) -> Section:
    objectives = search.config.objectives
    if len(objectives) < 2:
        return Section("", [])
    rows = []
    for variant, study in search.studies.items():
        members = [trial for trial in study.complete if trial.number in study.front]
        for trial in sorted(members, key=lambda trial: trial.values[0]):
            values = [
                f"{value:,.{DIGITS[name]}f}"
                for name, value in zip(objectives, trial.values, strict=True)
            ]
            settings = _settings(search, trial)
            rows.append([variant, f"#{trial.number}", *values, *settings])
    headings = ["trial", *(NAMES[name] for name in objectives), *_short(search)]
    caption = "Every trial; the line joins those that no other is better than in both ways."
    return Section(
        "Pareto front",
        [markdown_table(headings, rows), Figure("front", draw_front(search, colours), caption)],
    )


def _course(search: SearchRecord, colours: Colours) -> Section:
    parts: list[str | Figure] = []
    rows = [
        [
            study.name,
            str(len(study.trials)),
            str(study.count("pruned")),
            str(study.count("failed")),
            str(study.num_uncounted),
        ]
        for study in search.studies.values()
    ]
    headings = ["trials", "pruned", "failed", "more, of an earlier command"]
    parts.append(markdown_table(headings, rows))
    if cost := describe_cost(search):
        parts.append(cost)
    parts.append(Figure("history", draw_history(search, colours), "Every trial, in order."))
    parts += [
        Figure(slice_name(name), draw_slice(search, colours, name), f"Every trial by {name}.")
        for name in search.config.space
    ]
    parts += [
        Figure(
            f"parallel_{variant}",
            draw_parallel(search, colours, variant),
            f"{variant}: every trial across its settings; the stronger the better.",
        )
        for variant in search.studies
    ]
    if any(study.importances for study in search.studies.values()):
        parts.append(
            "Importances are unstable with so few trials and say nothing of settings outside the "
            "space: a hint where to look, never a finding."
        )
        caption = "Share of the score's variance explained by each setting, estimated by fANOVA."
        parts.append(Figure("importances", draw_importances(search, colours), caption))
    return Section("The course of the search", parts)
