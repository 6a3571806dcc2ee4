"""The record in MLflow: one experiment, a parent run per variant, a child run per seed."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from mlflow.entities import Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_ARTIFACTS

from bench.cache import alone_with
from bench.errors import TrackingError
from bench.tracking.experiment_store import (
    FORGOTTEN,
    GROUP,
    IDENTITY,
    KIND,
    MAX_TAG,
    PARENT,
    PARENTS,
    ExperimentStore,
    where,
)
from bench.tracking.result import EpochRecord, RunResult
from bench.tracking.store import without_password
from bench.tracking.study_parents import StudyParents
from bench.tracking.tracker import RunCard, Sample, Status, StudySummary, VariantSummary
from bench.tracking.variant_parents import VariantParents

OUTCOME, LOOKS, DETAIL = "outcome", "looks", "detail"
ENDED: Mapping[str, Status] = {"finished": "FINISHED", "killed": "KILLED"}
"""MLflow's word for an outcome; all others have FAILED."""
THEN = ", then "
RESULT_FILE, SAMPLES_FILE = "result.json", "translations.json"
LOCAL_PAGES = "http://127.0.0.1:5000"
"""Where `python -m bench ui` shows a local store."""


class MlflowTracker:
    """Keeps the record of one experiment in an MLflow store."""

    def __init__(self, uri: str, *, experiment: str, question: str) -> None:
        """Connect to a store and find or make the experiment.

        Raises:
            TrackingError: when the store does not answer or the experiment has been deleted.
        """
        self._store = ExperimentStore(uri, experiment=experiment, question=question)
        self._client = self._store.client
        self._parents = VariantParents(self._store)
        self._studies = StudyParents(self._store)
        self.experiment_id = self._store.experiment_id
        self._cards: dict[str, RunCard] = {}
        self._runs: dict[str, str] = {}
        self._looks: dict[str, str] = {}

    def find_results(self, identities: Iterable[str]) -> dict[str, RunResult]:
        """Return the results of those runs that have ended; of several the latest."""
        wanted = set(identities)
        found: dict[str, RunResult] = {}
        looks: dict[str, list[str]] = {}
        for run in self._store.search(where(KIND, "run")):  # newest first
            identity = run.data.tags.get(IDENTITY, "")
            if identity not in wanted:
                continue
            looks.setdefault(identity, []).append(run.data.tags.get(LOOKS, ""))
            if identity not in found and _has_result(run):
                self._runs[identity] = run.info.run_id
                found[identity] = self._load_result(run.info.run_id)
        # Of all its runs: the same numbers come of what is done again, and have been seen.
        self._looks |= {identity: _united(looks[identity]) for identity in found}
        return found

    def forget(self, identities: Iterable[str]) -> None:
        """Have the results of these runs found no more, nor what was begun of them gone on with.

        The runs stay, and say why.
        """
        wanted, parents = set(identities), set[str | None]()
        for run in self._store.search(where(KIND, "run")):
            if run.data.tags.get(IDENTITY) not in wanted or FORGOTTEN in run.data.tags:
                continue
            if _has_result(run):
                parents.add(run.data.tags.get(PARENT))
            self._client.set_tag(run.info.run_id, FORGOTTEN, "to be done again by force")
        for parent in self._store.search(where(KIND, "variant")):
            if parent.info.run_id in parents:
                self._client.set_tag(parent.info.run_id, FORGOTTEN, "as runs of it are")

    def recorded_seeds(self, groups: Iterable[str]) -> set[int]:
        """Return the seeds that have ended for any of these variants."""
        wanted = set(groups)
        ended = (
            run.data.tags
            for run in self._store.search(where(KIND, "run"))
            if run.data.tags.get(GROUP) in wanted and _has_result(run)
        )
        return {int(tags["seed"]) for tags in ended}

    def recorded_looks(self, identities: Iterable[str]) -> set[tuple[int, ...]]:
        """Return at how many seeds those runs' answer was, or is to be, looked at."""
        plans = {self._looks.get(identity, "") for identity in identities}
        return {tuple(map(int, plan.split())) for plan in plans if plan}

    def plan_looks(self, identities: Iterable[str], looks: Sequence[int]) -> None:
        """Remember that these runs' answer is looked at with so many seeds, as at earlier looks."""
        planned = " ".join(map(str, looks))
        with alone_with(LOOKS, self.experiment_id):
            for identity in identities:
                run_id = self._runs[identity]
                known = self._client.get_run(run_id).data.tags.get(LOOKS, "")  # another's, too
                self._looks[identity] = _united([self._looks[identity], known, planned])
                if self._looks[identity] != known:
                    self._client.set_tag(run_id, LOOKS, self._looks[identity])

    def compare_page(self, groups: Iterable[str]) -> str:
        """Return where MLflow's pages compare these variants; on this machine for a local store."""
        parents = [parent for group in groups if (parent := self._parents.find(group))]
        runs = quote(json.dumps([parent.info.run_id for parent in parents]))
        experiments = quote(json.dumps([self.experiment_id]))
        address = self._store.uri if self._store.uri.startswith("http") else LOCAL_PAGES
        chosen = f"runs={runs}&experiments={experiments}&workflowType=machine_learning"
        return f"{without_password(address)}/#/compare-runs?{chosen}"

    def provenance(self, identities: Iterable[str]) -> dict[str, Counter[str]]:
        """Describe how runs came to be: their tags, the date, and how long all took.

        The duration is from the first start to the last end, so it holds whatever came between.

        Returns:
            by tag, how many runs have which value, the first run's first.
        """
        found = [self._client.get_run(self._runs[identity]) for identity in identities]
        runs = sorted(found, key=lambda run: run.info.start_time)
        begun = runs[0].info.start_time
        ended = max(run.info.end_time or run.info.start_time for run in runs)
        seconds = round((ended - begun) / 1000)
        took = f"{seconds // 60} min {seconds % 60} s for {len(runs)} runs"
        tags: dict[str, Counter[str]] = {
            "date": Counter([datetime.fromtimestamp(begun / 1000, tz=UTC).date().isoformat()]),
            "duration": Counter([took]),
        }
        for run in runs:
            for key, value in run.data.tags.items():
                tags.setdefault(key, Counter())[value] += 1
        return tags

    def start(self, card: RunCard) -> None:
        """Open a run, or go on with an interrupted one of the same identity."""
        self._cards[card.identity] = card
        earlier = self._store.search(where(IDENTITY, card.identity))
        # The same numbers come of what is done again, and have been seen.
        looks = _united(run.data.tags.get(LOOKS, "") for run in earlier)
        self._looks[card.identity] = looks
        for run in earlier:
            if OUTCOME not in run.data.tags and FORGOTTEN not in run.data.tags:
                self._runs[card.identity] = run.info.run_id
                self._go_on(run, card)
                return
        tags = self._store.tags_of(card, kind=card.kind) | {
            IDENTITY: card.identity,
            "seed": str(card.seed),
        }
        if looks:
            tags[LOOKS] = looks
        with alone_with(PARENTS, card.group):
            tags[PARENT] = self._parents.open(card)
            self._runs[card.identity] = self._store.create_run(card.name, card, tags)

    def _go_on(self, run: Run, card: RunCard) -> None:
        """Open an interrupted run again, and write what its first attempt did not come to."""
        self._client.update_run(run.info.run_id, status="RUNNING")
        if DETAIL in run.data.tags:  # why the first attempt came to nothing
            self._client.delete_tag(run.info.run_id, DETAIL)
        if not run.data.params:
            self._store.describe_run(run.info.run_id, card)
        # Half of it may have come of another commit, command or machine.
        both = [
            RunTag(name, _one_after_the_other(run.data.tags.get(name), now))
            for name, now in card.tags.items()
        ]
        self._client.log_batch(run.info.run_id, tags=both)

    def log_epoch(self, identity: str, record: EpochRecord) -> None:
        """Write one epoch's metrics in one batch."""
        self._store.log_metrics(self._runs[identity], record.metrics, step=record.epoch)

    def finish(
        self, identity: str, result: RunResult, artifacts: Path, samples: Sequence[Sample]
    ) -> None:
        """Write the result, sample translations and the files of a run, and close it."""
        run_id, card = self._runs[identity], self._cards[identity]
        self._log_lacking(run_id, result.epochs)
        # At step 0, where MLflow draws a bar; a later single step would be a lonely point.
        test = {f"test/{name}": value for name, value in result.test.items()}
        cost = {
            "train/parameters": float(result.parameters),
            "train/total_seconds": result.training_seconds,
            "train/peak_memory_bytes": float(result.peak_memory_bytes),
        }
        self._store.log_metrics(run_id, test | cost, step=0)
        (artifacts / "config.toml").write_text(card.resolved_toml, "utf-8")
        (artifacts / "corpus.json").write_text(card.ledger, "utf-8")
        if card.vectors_ledger:
            (artifacts / "vectors.json").write_text(card.vectors_ledger, "utf-8")
        text = json.dumps(result.to_json(), ensure_ascii=False)
        (artifacts / RESULT_FILE).write_text(text, "utf-8")
        told = {"precision": result.precision, "device": result.device, "clock": result.clock}
        tags = {OUTCOME: result.outcome, **told}
        if samples:
            # A file of ours: MLflow's `log_table` adds to what a command that died has left.
            table = {"columns": Sample._fields, "data": samples}
            (artifacts / SAMPLES_FILE).write_text(json.dumps(table, ensure_ascii=False), "utf-8")
            tags[MLFLOW_LOGGED_ARTIFACTS] = json.dumps([{"path": SAMPLES_FILE, "type": "table"}])
        self._client.log_artifacts(run_id, str(artifacts))
        tags |= {f"{name}.signature": text for name, text in result.signatures.items()}
        if result.detail:
            tags[DETAIL] = result.detail
        self._client.log_batch(run_id, tags=[RunTag(*tag) for tag in tags.items()])
        self._client.set_terminated(run_id, ENDED.get(result.outcome, "FAILED"))

    def _log_lacking(self, run_id: str, epochs: Sequence[EpochRecord]) -> None:
        """Write epochs whose command was stopped between its checkpoint and the record."""
        history = self._client.get_metric_history(run_id, "train/loss")
        known = {point.step for point in history}
        for epoch in epochs:
            if epoch.epoch not in known:
                self._store.log_metrics(run_id, epoch.metrics, step=epoch.epoch)

    def finish_trial(self, identity: str, *, status: Status, tags: Mapping[str, str]) -> None:
        """Close a trial of a search: FINISHED, KILLED if it was pruned, FAILED."""
        run_id = self._runs[identity]
        self._client.set_terminated(run_id, status)
        told = [RunTag(*tag) for tag in ({OUTCOME: status.lower()} | dict(tags)).items()]
        self._client.log_batch(run_id, tags=told)  # last: a run without it is gone on with

    def summarise_study(self, summary: StudySummary) -> None:
        """Write and close a study's parent run, and mark its best trials."""
        self._studies.summarise(summary)

    def abandon(self, identity: str, *, status: Status, reason: str) -> None:
        """Close a run that gave no result, saying why; one that was never opened needs nothing."""
        run_id = self._runs.get(identity)
        if run_id is None:
            return
        outcome = self._client.get_run(run_id).data.tags.get(OUTCOME)
        if outcome is not None:  # another machine has ended it, or we had all but closed it
            self._client.set_terminated(run_id, ENDED.get(outcome, "FAILED"))
            return
        self._client.set_tag(run_id, DETAIL, reason[-MAX_TAG:])
        self._client.set_terminated(run_id, status)
        # Its variant's parent too, or it would stay RUNNING.
        self._parents.abandon(self._cards[identity], status=status)

    def summarise(self, summary: VariantSummary) -> None:
        """Write a variant's parent run: mean curves, test mean and deviation over seeds."""
        self._parents.summarise(summary, self.download_translator)

    def download_translator(self, identity: str, folder: Path) -> Path:
        """Fetch a finished run's model into a folder, and return where it lies."""
        return Path(
            self._client.download_artifacts(self._runs[identity], "translator", str(folder))
        )

    def _load_result(self, run_id: str) -> RunResult:
        with tempfile.TemporaryDirectory() as folder:
            try:
                path = self._client.download_artifacts(run_id, RESULT_FILE, folder)
                return RunResult.from_json(json.loads(Path(path).read_text("utf-8")))
            except (TrackingError, ValueError, TypeError, KeyError) as error:
                run = self._client.get_run(run_id)
                raise TrackingError(
                    f"what the run {run.info.run_name} came to cannot be read: {RESULT_FILE} in "
                    f"{run.info.artifact_uri}. If that folder was moved, a link from there to "
                    "where it is now will do; if it is lost, delete the run in MLflow's pages: the "
                    "next command makes it again"
                ) from error


def _has_result(run: Run) -> bool:
    """Tell whether a run has ended, and is not to be done again."""
    return OUTCOME in run.data.tags and FORGOTTEN not in run.data.tags


def _one_after_the_other(before: str | None, now: str) -> str:
    """Write what a tag was when a run began, and what it is now that it is gone on with."""
    if before is None or now == before.rpartition(THEN)[2]:
        return before or now
    return f"{before}{THEN}{now}"[-MAX_TAG:]


def _united(looks: Iterable[str]) -> str:
    """Write the looks of several tags as one."""
    return " ".join(map(str, sorted({int(look) for text in looks for look in text.split()})))
