"""The parent run of a variant: what all its seeds say together.

MLflow's run list folds children under their parents and charts only what is in sight, so the
parents carry what should be seen: mean curves over seeds, the test scores' mean and deviation, the
difference to the baseline, and the best seed's model.
"""

import tempfile
from collections.abc import Callable, Sequence
from math import isclose
from pathlib import Path

from mlflow.entities import Param, Run

from bench.cache import alone_with
from bench.tracking.experiment_store import (
    FORGOTTEN,
    GROUP,
    KIND,
    MAX_TAG,
    PARENT,
    PARENT_OF,
    PARENTS,
    ExperimentStore,
    where,
)
from bench.tracking.logged_model import save_logged_model
from bench.tracking.result import RunResult
from bench.tracking.seed_means import mean_curves, mean_scores
from bench.tracking.tracker import RunCard, Status, VariantSummary

COVERS, SEEDS = "covers", "seeds"
SECONDS = "train/total_seconds"
Download = Callable[[str, Path], Path]
"""Fetches the model of a run, by its identity, into a folder."""


class VariantParents:
    """The parent runs of one experiment."""

    def __init__(self, store: ExperimentStore) -> None:
        """Look after the parents in a store."""
        self._store = store
        self._client = store.client

    def find(self, group: str, *, kind: str = "variant") -> Run | None:
        """Return a variant's parent run, or that of its study."""
        found = self._store.search(where(KIND, kind), where(GROUP, group))
        return found[0] if found else None

    def open(self, card: RunCard) -> str:
        """Return the id of a variant's parent run, made if need be; to be asked alone with it."""
        kind = PARENT_OF[card.kind]
        found = self.find(card.group, kind=kind)
        if found is not None:
            return str(found.info.run_id)
        tuned = " tuned" if "chosen_by" in card.tags else ""
        name = f"{card.variant}{tuned} ({card.tags['profile']}, {card.dataset_name})"
        tags = self._store.tags_of(card, kind=kind)
        return self._store.create_run(card.study or name, card, tags)

    def abandon(self, card: RunCard, *, status: Status) -> None:
        """Close a parent of which a seed gave no result; a summary closes it for good."""
        with alone_with(PARENTS, card.group):
            found = self.find(card.group, kind=PARENT_OF[card.kind])
            if found is not None:
                self._client.set_terminated(found.info.run_id, status)

    def summarise(self, summary: VariantSummary, download: Download) -> None:
        """Write a variant's parent run.

        Metrics of MLflow cannot be taken back, so a parent that was written for other seeds gives
        way to a new one, and so does one of runs that have been made again since; one that covers
        these seeds and more stays as it is.
        """
        with alone_with(PARENTS, summary.group):
            self._summarise(summary, download)

    def _summarise(self, summary: VariantSummary, download: Download) -> None:
        children = sorted(run.identity for run in summary.runs)
        parent = self._only(summary.group)
        if parent is None:
            return
        known = set(parent.data.tags.get(COVERS, "").split())
        is_stale = FORGOTTEN in parent.data.tags
        if set(children) < known and not is_stale:
            return
        parent_id: str = parent.info.run_id
        if set(children) != known or is_stale or _are_others(summary.runs, parent):
            parent_id = self._renewed(parent) if known else parent_id
            self._write(parent_id, summary.runs)
            self._log_best_model(parent_id, summary.runs, download)
            self._client.set_tag(parent_id, COVERS, " ".join(children)[:MAX_TAG])
            self._client.set_terminated(parent_id, "FINISHED")
        self._store.log_metrics(parent_id, summary.figures, step=0)
        tags = {"mlflow.note.content": summary.note, "mlflow.runColor": summary.colour}
        for key, value in (tags | {"verdict": summary.verdict}).items():
            if value:
                self._client.set_tag(parent_id, key, value)

    def _only(self, group: str) -> Run | None:
        """Return a variant's parent; if two commands made one each, the newer with all children."""
        found = self._store.search(where(KIND, "variant"), where(GROUP, group))
        for other in found[1:]:
            self._move_children(other.info.run_id, found[0].info.run_id)
            self._client.delete_run(other.info.run_id)
        return found[0] if found else None

    def _move_children(self, parent_id: str, to: str) -> None:
        for run in self._store.search(where(PARENT, parent_id)):
            self._client.set_tag(run.info.run_id, PARENT, to)

    def _write(self, parent_id: str, runs: Sequence[RunResult]) -> None:
        for epoch, metrics in mean_curves(runs).items():
            self._store.log_metrics(parent_id, metrics, step=epoch)
        self._store.log_metrics(parent_id, mean_scores(runs), step=0)
        self._client.set_tag(parent_id, SEEDS, str(len(runs)))

    def _log_best_model(
        self, parent_id: str, runs: Sequence[RunResult], download: Download
    ) -> None:
        """Attach the best seed's model, by validation BLEU, ready to be loaded or served."""
        finished = [run for run in runs if run.outcome == "finished"]
        if not finished:
            return
        best = max(finished, key=lambda run: run.validation_bleu)
        with tempfile.TemporaryDirectory() as folder:
            translator = download(best.identity, Path(folder))
            model = Path(folder) / "model"
            save_logged_model(model, translator)
            self._client.log_artifacts(parent_id, str(model), "model")
        self._client.set_tag(parent_id, "model.identity", best.identity)

    def _renewed(self, parent: Run) -> str:
        """Replace a parent run by an empty copy that its children point to."""
        tags = {
            key: value
            for key, value in parent.data.tags.items()
            if key not in {COVERS, SEEDS, FORGOTTEN, "mlflow.runName"}
        }
        copy: str = self._client.create_run(
            self._store.experiment_id, tags=tags, run_name=parent.info.run_name
        ).info.run_id
        params = [Param(*param) for param in parent.data.params.items()]
        self._client.log_batch(copy, params=params)
        self._move_children(parent.info.run_id, copy)
        self._client.delete_run(parent.info.run_id)
        return copy


def _are_others(runs: Sequence[RunResult], parent: Run) -> bool:
    """Tell whether a parent was written for others of the same settings: no two take as long."""
    seconds = mean_scores(runs).get(SECONDS)
    return seconds is not None and not isclose(seconds, parent.data.metrics.get(SECONDS, 0.0))
