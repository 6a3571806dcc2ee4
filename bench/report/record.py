"""What a report is made from: every figure, kept as `results.json` beside the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from bench.comparison.by_length import LengthClass
from bench.comparison.comparison import Comparison
from bench.comparison.samples import DifferingSample
from bench.comparison.scorecard import PublishedEffect
from bench.errors import BenchError
from bench.evaluation.translator import Attended
from bench.files import write_whole
from bench.search.record import SearchRecord
from bench.tracking.result import RunResult

RESULTS = "results.json"


class AttentionMap(NamedTuple):
    """Where a variant's decoder looked as it translated a sentence."""

    variant: str
    attended: Attended


# An interval of one seed has no ends: JSON knows no infinity, so it is a word there.
@dataclass(frozen=True, kw_only=True, slots=True, config=ConfigDict(ser_json_inf_nan="strings"))
class Report:
    """Everything that the pages are made from."""

    experiment: str
    profile: str
    corpus: str
    comparison: Comparison
    results: Mapping[str, Sequence[RunResult]]
    """By variant; without what they keep for each sentence of the test split."""
    provenance: Mapping[str, str]
    """How the runs came to be, by what to call it."""
    ledger: Mapping[str, Any]
    """What was kept of the corpus, and what removed."""
    other_ledgers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Likewise, of variants that read the corpus otherwise, by variant."""
    settings: Mapping[str, str]
    """Resolved settings of each variant, as TOML."""
    adhoc: Sequence[str]
    """Settings that were changed on the command line."""
    command: str
    """That makes the report again."""
    chosen_seeds: bool = False
    """Whether seeds were named, where otherwise every recorded one counts."""
    mlflow: str
    """Address of the runs' comparison in MLflow's pages."""
    scorecard: Sequence[PublishedEffect] = ()
    """Published effects beside ours."""
    by_length: Sequence[LengthClass] = ()
    """BLEU by length of the source sentence."""
    samples: Sequence[DifferingSample] = ()
    """Translations; of a corpus that may be shown alone."""
    search: SearchRecord | None = None
    """What chose the settings, if a search did: then the comparison is of tuned variants."""
    attention: Sequence[AttentionMap] = ()
    """Where decoders looked; likewise."""


_ADAPTER = TypeAdapter(Report)


def save_report(folder: Path, report: Report) -> None:
    """Write a report's figures into its folder."""
    text = _ADAPTER.dump_json(report, indent=1).decode()
    write_whole(folder / RESULTS, text + "\n")


def load_report(folder: Path) -> Report:
    """Read a report's figures from its folder.

    Raises:
        BenchError: when the file is not of this version, or has no baseline.
    """
    try:
        report = _ADAPTER.validate_json((folder / RESULTS).read_text("utf-8"))
        if not any(row.is_baseline for row in report.comparison.rows):
            raise ValueError("no baseline")
    except ValueError as error:
        raise BenchError(
            f"{folder / RESULTS} is not a report of this version; "
            "python -m bench report writes it again"
        ) from error
    return report
