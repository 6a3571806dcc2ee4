"""One experiment in an MLflow store: its runs are searched, made and written to by id.

MLflow's limits are kept here, and its global active run is never used.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run

from bench.cache import alone_with
from bench.errors import TrackingError
from bench.tracking.client import Client
from bench.tracking.store import be_patient, quieten_mlflow, sqlite_path
from bench.tracking.tracker import RunCard

KIND, GROUP, IDENTITY, PARENT = "kind", "group", "identity", "mlflow.parentRunId"
FORGOTTEN = "forgotten"
"""What a run came to that is to be done again, and a parent that such runs were part of."""
PARENT_OF = {"run": "variant", "trial": "study"}
"""What kind of run is the parent of each kind."""
PARENTS = "parents"
"""What to be alone with, by group: commands look for a parent run, make it if there is none, put
runs under it, and replace it. Two at once would make two, or delete what the other writes to."""
MAX_PARAM, MAX_TAG, MAX_BATCH = 6_000, 5_000, 1_000
PAGE = 1_000


def where(tag: str, value: str) -> str:
    """Return MLflow's condition that a tag has a value, which may hold one kind of quotes."""
    quote = '"' if "'" in value else "'"
    return f"tags.`{tag}` = {quote}{value}{quote}"


class ExperimentStore:
    """The runs of one experiment."""

    def __init__(self, uri: str, *, experiment: str, question: str) -> None:
        """Connect to a store and find or make the experiment.

        Raises:
            TrackingError: when the store does not answer or the experiment has been deleted.
        """
        quieten_mlflow()
        self.uri = uri
        self.client: Any = Client(uri)
        self.experiment_id = self._find_experiment(experiment, question)
        be_patient()

    def search(self, *conditions: str) -> list[Run]:
        """Return the runs for which all of MLflow's conditions hold, newest first."""
        runs: list[Run] = []
        token = None
        while True:
            page = self.client.search_runs(
                [self.experiment_id],
                " and ".join(conditions),
                max_results=PAGE,
                order_by=["attributes.start_time DESC"],
                page_token=token,
            )
            runs += page
            token = page.token
            if not token:
                return runs

    def create_run(self, name: str, card: RunCard, tags: Mapping[str, str]) -> str:
        """Make a run with a card's parameters and data set, and return its id."""
        run_id: str = self.client.create_run(
            self.experiment_id,
            tags={key: value[:MAX_TAG] for key, value in tags.items()},
            run_name=name,
        ).info.run_id
        self.describe_run(run_id, card)
        return run_id

    def describe_run(self, run_id: str, card: RunCard) -> None:
        """Write a card's parameters and data set; the same ones may be written twice."""
        params = [Param(key, value[:MAX_PARAM]) for key, value in card.params.items()]
        self.client.log_batch(run_id, params=params)
        source = json.dumps({"fingerprint": card.dataset_fingerprint})
        dataset = Dataset(
            name=card.dataset_name,
            digest=card.dataset_fingerprint,
            source_type="bench",
            source=source,
            profile=card.ledger,
        )
        inputs = [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])]
        with alone_with("datasets", self.experiment_id):  # MLflow looks for it, then makes it
            self.client.log_inputs(run_id, inputs)

    def tags_of(self, card: RunCard, *, kind: str) -> dict[str, str]:
        """Return the tags of a card's run, or of its variant's parent run."""
        return {**card.tags, KIND: kind, GROUP: card.group, "variant": card.variant}

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], *, step: int) -> None:
        """Write metrics in as few calls as MLflow allows."""
        now = int(time.time() * 1000)
        batch = [Metric(name, value, now, step) for name, value in metrics.items()]
        for start in range(0, len(batch), MAX_BATCH):
            self.client.log_batch(run_id, metrics=batch[start : start + MAX_BATCH])

    def _find_experiment(self, name: str, question: str) -> str:
        found = self.client.get_experiment_by_name(name)
        if found is not None and found.lifecycle_stage == "deleted":
            raise TrackingError(
                f"the MLflow experiment {name!r} has been deleted but keeps its name; "
                "restore it, or use another store with --tracking-uri"
            )
        if found is not None:
            return str(found.experiment_id)
        path = sqlite_path(self.uri)
        # Beside the database, whatever folder a later command is given in.
        location = None if path is None else (path.parent / "mlruns" / name).resolve().as_uri()
        tags = {"mlflow.note.content": f"# {question}"}
        try:
            return str(self.client.create_experiment(name, artifact_location=location, tags=tags))
        except TrackingError:  # another command has just made it
            found = self.client.get_experiment_by_name(name)
            if found is None:
                raise
            return str(found.experiment_id)
