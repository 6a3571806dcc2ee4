"""The record in MLflow: one experiment, a parent run per variant, a child run per seed.

MLflow's run list folds children under their parents and charts only what is in sight, so the
parents carry what should be seen: mean curves over seeds, and the test scores' mean and deviation.
Runs are addressed by id, never through MLflow's global active run.
"""

import json
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from bench.errors import TrackingError
from bench.tracking.logged_model import save_logged_model
from bench.tracking.result import EpochRecord, RunResult
from bench.tracking.seed_means import mean_curves, mean_scores
from bench.tracking.store import quieten_mlflow, sqlite_path, without_password
from bench.tracking.tracker import RunCard, Sample, Status, VariantSummary

IDENTITY, GROUP, KIND, OUTCOME, LOOKS = "identity", "group", "kind", "outcome", "looks"
PARENT = "mlflow.parentRunId"
RESULT_FILE, SAMPLES_FILE = "result.json", "translations.json"
MAX_PARAM, MAX_TAG, MAX_BATCH = 6_000, 5_000, 1_000
PAGE = 1_000
LOCAL_PAGES = "http://127.0.0.1:5000"
"""Where `python -m bench ui` shows a local store."""


class MlflowTracker:
    """Keeps the record of one experiment in an MLflow store."""

    def __init__(self, uri: str, *, experiment: str, question: str) -> None:
        """Connect to a store and find or make the experiment.

        Raises:
            TrackingError: when the store does not answer or the experiment has been deleted.
        """
        quieten_mlflow()
        self._uri = uri
        self._client = MlflowClient(tracking_uri=uri)
        self.seconds = 0.0
        """Spent in talking to the store about epochs and results so far."""
        self._cards: dict[str, RunCard] = {}
        self._runs: dict[str, str] = {}
        self._parents: dict[str, str] = {}
        self._looks: dict[str, str] = {}
        try:
            self.experiment_id = self._find_experiment(experiment, question)
        except MlflowException as error:
            # MLflow's message holds the address as it was given: shown here without its password.
            detail = str(error).partition("\n")[0].replace(uri, without_password(uri))
            raise TrackingError(
                f"the tracking store {without_password(uri)} does not answer as MLflow does: "
                f"{detail}"
            ) from error

    def find_results(self, identities: Iterable[str]) -> dict[str, RunResult]:
        """Return the results of those runs that have ended; of several the latest."""
        wanted = set(identities)
        found: dict[str, RunResult] = {}
        for run in self._search(f"tags.{KIND} = 'run'"):  # newest first
            identity = run.data.tags.get(IDENTITY, "")
            if identity in wanted and identity not in found and OUTCOME in run.data.tags:
                self._runs[identity] = run.info.run_id
                self._looks[identity] = run.data.tags.get(LOOKS, "")
                found[identity] = self._load_result(run.info.run_id)
        return found

    def recorded_seeds(self, groups: Iterable[str]) -> set[int]:
        """Return the seeds that have ended for each of these variants."""
        seeds: dict[str, set[int]] = {group: set() for group in groups}
        for run in self._search(f"tags.{KIND} = 'run'"):
            tags = run.data.tags
            if tags.get(GROUP) in seeds and OUTCOME in tags:
                seeds[tags[GROUP]].add(int(tags["seed"]))
        return set.intersection(*seeds.values())

    def recorded_looks(self, identities: Iterable[str]) -> tuple[int, ...]:
        """Return when those runs' answer was to be looked at, if they were made to be so."""
        plans = {self._looks.get(identity, "") for identity in identities}
        return max((tuple(map(int, plan.split())) for plan in plans), key=len, default=())

    def run_id(self, identity: str) -> str | None:
        """Return MLflow's id of a run that this tracker has found or written."""
        return self._runs.get(identity)

    def compare_page(self, groups: Iterable[str]) -> str:
        """Return where MLflow's pages compare these variants; on this machine for a local store."""
        parents = [parent for group in groups if (parent := self._find_parent(group))]
        runs = quote(json.dumps([parent.info.run_id for parent in parents]))
        experiments = quote(json.dumps([self.experiment_id]))
        address = self._uri if self._uri.startswith("http") else LOCAL_PAGES
        return f"{without_password(address)}/#/compare-runs?runs={runs}&experiments={experiments}"

    def provenance(self, identities: Iterable[str]) -> dict[str, str]:
        """Describe how runs came to be: the first one's tags, the date, and how long all took.

        The duration is from the first start to the last end, so it holds whatever came between.
        """
        runs = [self._client.get_run(self._runs[identity]) for identity in identities]
        first = min(runs, key=lambda run: run.info.start_time)
        started = datetime.fromtimestamp(first.info.start_time / 1000, tz=UTC)
        ended = max(run.info.end_time or run.info.start_time for run in runs)
        seconds = round((ended - first.info.start_time) / 1000)
        took = f"{seconds // 60} min {seconds % 60} s for {len(runs)} runs"
        return {**first.data.tags, "date": started.date().isoformat(), "duration": took}

    def start(self, card: RunCard) -> None:
        """Open a run, or go on with an interrupted one of the same identity."""
        self._cards[card.identity] = card
        for run in self._search(f"tags.{IDENTITY} = '{card.identity}'"):
            if OUTCOME not in run.data.tags:
                self._runs[card.identity] = run.info.run_id
                self._client.update_run(run.info.run_id, status="RUNNING")
                return
        tags = self._tags(card, kind="run") | {
            IDENTITY: card.identity,
            "seed": str(card.seed),
            PARENT: self._parent(card),
        }
        run_id = self._create_run(card.name, card, tags)
        self._runs[card.identity] = run_id

    def log_epoch(self, identity: str, record: EpochRecord) -> None:
        """Write one epoch's metrics in one batch."""
        started = time.perf_counter()
        self._log_metrics(self._runs[identity], record.metrics, step=record.epoch)
        self.seconds += time.perf_counter() - started

    def finish(
        self, identity: str, result: RunResult, artifacts: Path, samples: Sequence[Sample]
    ) -> None:
        """Write the result, sample translations and the files of a run, and close it."""
        started = time.perf_counter()
        run_id, card = self._runs[identity], self._cards[identity]
        # At step 0, where MLflow draws a bar; a later single step would be a lonely point.
        test = {f"test/{name}": value for name, value in result.test.items()}
        cost = {
            "train/parameters": float(result.parameters),
            "train/total_seconds": result.training_seconds,
            "train/peak_memory_bytes": float(result.peak_memory_bytes),
        }
        self._log_metrics(run_id, test | cost, step=0)
        (artifacts / "config.toml").write_text(card.resolved_toml, "utf-8")
        (artifacts / "corpus.json").write_text(card.ledger, "utf-8")
        if card.vectors_ledger:
            (artifacts / "vectors.json").write_text(card.vectors_ledger, "utf-8")
        text = json.dumps(result.to_json(), ensure_ascii=False)
        (artifacts / RESULT_FILE).write_text(text, "utf-8")
        self._client.log_artifacts(run_id, str(artifacts))
        if samples:
            columns = {name: [getattr(row, name) for row in samples] for name in Sample._fields}
            self._client.log_table(run_id, columns, SAMPLES_FILE)
        tags = {OUTCOME: result.outcome, "precision": result.precision, "device": result.device}
        tags |= {f"{name}.signature": text for name, text in result.signatures.items()}
        if result.detail:
            tags["detail"] = result.detail
        self._client.log_batch(run_id, tags=[RunTag(*tag) for tag in tags.items()])
        status = "FINISHED" if result.outcome == "finished" else "FAILED"
        self._client.set_terminated(run_id, status)
        self.seconds += time.perf_counter() - started

    def abandon(self, identity: str, *, status: Status, reason: str) -> None:
        """Close a run that gave no result, saying why."""
        run_id = self._runs[identity]
        self._client.set_tag(run_id, "detail", reason[-MAX_TAG:])
        self._client.set_terminated(run_id, status)
        # Its variant's parent too, or it would stay RUNNING; a summary closes it for good.
        parent_id = self._parents.get(self._cards[identity].group)
        if parent_id is not None:
            self._client.set_terminated(parent_id, status)

    def summarise(self, summary: VariantSummary) -> None:
        """Write a variant's parent run: mean curves, test mean and deviation over seeds.

        Metrics of MLflow cannot be taken back, so a parent that was written for other seeds gives
        way to a new one; one that covers these seeds and more stays.
        """
        children = sorted(run.identity for run in summary.runs)
        covered = " ".join(children)[:MAX_TAG]
        parent = self._find_parent(summary.group)
        if parent is None:
            return
        known = set(parent.data.tags.get("covers", "").split())
        if set(children) < known:
            return  # more is known than this
        if set(children) != known:
            parent_id = (
                self._renewed(parent) if "covers" in parent.data.tags else parent.info.run_id
            )
            for epoch, metrics in mean_curves(summary.runs).items():
                self._log_metrics(parent_id, metrics, step=epoch)
            self._log_metrics(parent_id, mean_scores(summary.runs), step=0)
            self._client.set_tag(parent_id, "covers", covered)
            self._client.set_tag(parent_id, "seeds", str(len(summary.runs)))
            self._log_best_model(parent_id, summary.runs)
            self._client.set_terminated(parent_id, "FINISHED")
            self._parents[summary.group] = parent_id
        parent_id = self._parents.get(summary.group, parent.info.run_id)
        self._log_metrics(parent_id, summary.figures, step=0)
        if summary.verdict:
            self._client.set_tag(parent_id, "verdict", summary.verdict)
        self._client.set_tag(parent_id, "mlflow.note.content", summary.note)
        self._client.set_tag(parent_id, "mlflow.runColor", summary.colour)

    def _log_best_model(self, parent_id: str, runs: Sequence[RunResult]) -> None:
        """Attach the best seed's model, by its validation score, ready to be loaded or served."""
        finished = [run for run in runs if run.outcome == "finished"]
        if not finished:
            return
        best = max(finished, key=lambda run: run.validation_bleu)
        with tempfile.TemporaryDirectory() as folder:
            translator = self.download_translator(best.identity, Path(folder))
            model = Path(folder) / "model"
            save_logged_model(model, translator)
            self._client.log_artifacts(parent_id, str(model), "model")
        self._client.set_tag(parent_id, "model.run", self._runs[best.identity])

    def download_translator(self, identity: str, folder: Path) -> Path:
        """Fetch a finished run's model into a folder, and return where it lies."""
        return Path(
            self._client.download_artifacts(self._runs[identity], "translator", str(folder))
        )

    def _renewed(self, parent: Run) -> str:
        """Replace a parent run by an empty copy that its children point to."""
        tags = {
            key: value
            for key, value in parent.data.tags.items()
            if key not in {"covers", "seeds", "mlflow.runName"}
        }
        copy: str = self._client.create_run(
            self.experiment_id, tags=tags, run_name=parent.info.run_name
        ).info.run_id
        params = [Param(*param) for param in parent.data.params.items()]
        self._client.log_batch(copy, params=params)
        for run in self._search(f"tags.`{PARENT}` = '{parent.info.run_id}'"):
            self._client.set_tag(run.info.run_id, PARENT, copy)
        self._client.delete_run(parent.info.run_id)
        return copy

    def _parent(self, card: RunCard) -> str:
        if card.group not in self._parents:
            found = self._find_parent(card.group)
            if found is None:
                name = f"{card.variant} ({card.tags['profile']}, {card.dataset_name})"
                tags = self._tags(card, kind="variant")
                self._parents[card.group] = self._create_run(name, card, tags)
            else:
                self._parents[card.group] = found.info.run_id
        return self._parents[card.group]

    def _find_parent(self, group: str) -> Run | None:
        found = self._search(f"tags.{KIND} = 'variant' and tags.{GROUP} = '{group}'")
        return found[0] if found else None

    def _create_run(self, name: str, card: RunCard, tags: Mapping[str, str]) -> str:
        run_id: str = self._client.create_run(
            self.experiment_id,
            tags={key: value[:MAX_TAG] for key, value in tags.items()},
            run_name=name,
        ).info.run_id
        params = [Param(key, value[:MAX_PARAM]) for key, value in card.params.items()]
        self._client.log_batch(run_id, params=params)
        source = json.dumps({"fingerprint": card.dataset_fingerprint})
        dataset = Dataset(
            name=card.dataset_name,
            digest=card.dataset_fingerprint,
            source_type="bench",
            source=source,
            profile=card.ledger,
        )
        inputs = [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])]
        self._client.log_inputs(run_id, inputs)
        return run_id

    def _tags(self, card: RunCard, *, kind: str) -> dict[str, str]:
        return {**card.tags, KIND: kind, GROUP: card.group, "variant": card.variant}

    def _log_metrics(self, run_id: str, metrics: Mapping[str, float], *, step: int) -> None:
        now = int(time.time() * 1000)
        batch = [Metric(name, value, now, step) for name, value in metrics.items()]
        for start in range(0, len(batch), MAX_BATCH):
            self._client.log_batch(run_id, metrics=batch[start : start + MAX_BATCH])

    def _load_result(self, run_id: str) -> RunResult:
        with tempfile.TemporaryDirectory() as folder:
            path = self._client.download_artifacts(run_id, RESULT_FILE, folder)
            return RunResult.from_json(json.loads(Path(path).read_text("utf-8")))

    def _search(self, where: str) -> list[Run]:
        runs: list[Run] = []
        token = None
        while True:
            page = self._client.search_runs(
                [self.experiment_id],
                where,
                max_results=PAGE,
                order_by=["attributes.start_time DESC"],
                page_token=token,
            )
            runs += page
            token = page.token
            if not token:
                return runs

    def _find_experiment(self, name: str, question: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None and found.lifecycle_stage == "deleted":
            raise TrackingError(
                f"the MLflow experiment {name!r} has been deleted but keeps its name; "
                "restore it, or use another store with --tracking-uri"
            )
        if found is not None:
            return str(found.experiment_id)
        path = sqlite_path(self._uri)
        # Beside the database, whatever folder a later command is given in.
        location = None if path is None else (path.parent / "mlruns" / name).resolve().as_uri()
        tags = {"mlflow.note.content": f"# {question}"}
        return str(self._client.create_experiment(name, artifact_location=location, tags=tags))
