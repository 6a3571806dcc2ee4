"""The parent run of a study: what its trials came to, and which of them is the best."""

from bench.cache import alone_with
from bench.tracking.experiment_store import (
    GROUP,
    IDENTITY,
    KIND,
    PARENT,
    PARENTS,
    ExperimentStore,
    where,
)
from bench.tracking.tracker import StudySummary

BEST = "best"
"""Tag of a study's best trial, or of those of its Pareto front."""


class StudyParents:
    """The studies of one experiment."""

    def __init__(self, store: ExperimentStore) -> None:
        """Look after the parents in a store."""
        self._store = store
        self._client = store.client

    def summarise(self, summary: StudySummary) -> None:
        """Write a study's figures and plots, mark its best trials and no others, and close it."""
        with alone_with(PARENTS, summary.group):
            self._summarise(summary)

    def _summarise(self, summary: StudySummary) -> None:
        found = self._store.search(where(KIND, "study"), where(GROUP, summary.group))
        if not found:
            return
        run_id = found[0].info.run_id
        self._store.log_metrics(run_id, summary.figures, step=0)
        for name, svg in summary.plots.items():
            self._client.log_text(run_id, svg, f"plots/{name}.svg")
        tags = {"mlflow.note.content": summary.note, "mlflow.runColor": summary.colour}
        for key, value in tags.items():
            self._client.set_tag(run_id, key, value)
        self._client.set_terminated(run_id, "FINISHED")
        self._mark(run_id, set(summary.best))

    def _mark(self, run_id: str, best: set[str]) -> None:
        for trial in self._store.search(where(PARENT, run_id)):
            is_best, marked = trial.data.tags[IDENTITY] in best, BEST in trial.data.tags
            if is_best and not marked:
                self._client.set_tag(trial.info.run_id, BEST, "true")
            elif marked and not is_best:
                self._client.delete_tag(trial.info.run_id, BEST)
