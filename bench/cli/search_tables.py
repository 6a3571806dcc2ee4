"""A search as tables and sentences on the terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from bench.comparison.best_of import best_of_search
from bench.experiment.search import SearchConfig
from bench.report.search_sections import (
    DIGITS,
    NAMES,
    describe_budget,
    describe_cost,
    finalist_figures,
    format_value,
)
from bench.search.reading import read_study
from bench.search.record import SearchRecord
from bench.search.space import count_points, describe
from bench.search.study import VariantStudy


def print_space(console: Console, config: SearchConfig, variants: Sequence[str]) -> None:
    """Show what may be changed, and how often it will be."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("setting")
    table.add_column("values")
    for name, dimension in config.space.items():
        table.add_row(name, describe(dimension))
    console.print(table)
    points = count_points(config.space)
    objectives = ", ".join(NAMES[name] for name in config.objectives)
    console.print(
        f"{'no end of' if points is None else f'{points:,}'} points; {config.trials} trials for "
        f"each of {', '.join(variants)}; {config.sampler}, pruner {config.pruner}; "
        f"validation {objectives}",
        highlight=False,
    )


def describe_standing(studies: Mapping[str, VariantStudy]) -> str:
    """Say in a line per variant how far its study is."""
    width = max(map(len, studies))
    lines = []
    for variant, study in studies.items():
        record = read_study(study)
        running = study.num_running()
        pruned = f", {record.count('pruned')} pruned" if record.count("pruned") else ""
        failed = f", {record.count('failed')} failed" if record.count("failed") else ""
        best = ""
        if top := record.top(1):
            digits = DIGITS[study.config.metric]
            best = f", best {top[0].values[0]:.{digits}f} (#{top[0].number})"
        num, more = len(record.trials), record.num_uncounted
        beyond = f", {more} more done earlier and not counted" if more else ""
        lines.append(
            f"{variant:<{width}}  {num} done, {running} running{pruned}{failed}{best}{beyond}"
        )
    return "\n".join(lines)


def print_search(console: Console, search: SearchRecord) -> None:
    """Show the finalists, the Pareto front if there is one, and what a budget is worth."""
    metric, names = search.config.metric, list(search.config.space)
    _print_finalists(console, search, names)
    if len(search.config.objectives) > 1:
        _print_front(console, search, names)
    console.print()
    if search.is_for_best_of:
        for sentence in describe_budget(best_of_search(search), metric=metric):
            console.print(f"→ {sentence}", highlight=False)
    if cost := describe_cost(search):
        console.print(cost, highlight=False)
    console.print(
        "gap: what a score owed to having been the best of many, and to its one seed. *: the best "
        "by fresh seeds, which is compared below with seeds that have chosen nothing.",
        style="dim",
        highlight=False,
    )


def _print_finalists(console: Console, search: SearchRecord, names: Sequence[str]) -> None:
    metric = search.config.metric
    table = _table("trial", f"{NAMES[metric]} in\nthe search", "fresh seeds", "gap")
    settings = _table("trial", *_broken(names))
    for variant, finalists in search.finalists.items():
        winner = search.winner(variant)
        for finalist in finalists:
            number = f"#{finalist.trial.number}{'*' if finalist is winner else ' '}"
            values = [format_value(finalist.trial.settings[name]) for name in names]
            table.add_row(variant, number, *finalist_figures(finalist, metric))
            settings.add_row(variant, number, *values)
    for each in (table, settings):
        console.print()
        console.print(each)


def _print_front(console: Console, search: SearchRecord, names: Sequence[str]) -> None:
    objectives = search.config.objectives
    table = _table("trial", *(NAMES[name] for name in objectives), *_broken(names))
    for variant, study in search.studies.items():
        for trial in study.complete:
            if trial.number not in study.front:
                continue
            pairs = zip(objectives, trial.values, strict=True)
            values = [f"{value:,.{DIGITS[name]}f}" for name, value in pairs]
            settings = [format_value(trial.settings[name]) for name in names]
            table.add_row(variant, f"#{trial.number}", *values, *settings)
    console.print("\n[bold]Pareto front[/]: no other trial is better by every objective")
    console.print(table)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("variant", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _broken(names: Sequence[str]) -> list[str]:
    """Break the names of settings, so that they fit above their columns."""
    return [name.partition(".")[2].replace("_", "\n") for name in names]
