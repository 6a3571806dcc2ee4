"""A search for the learning rate as a run of its own in MLflow."""

import time
from collections.abc import Mapping
from pathlib import Path

from mlflow.entities import Metric, Param

from bench.tracking.client import Client
from bench.training.rate_finder import RateSearch


def log_rate_search(
    uri: str,
    experiment_id: str,
    found: RateSearch,
    *,
    name: str,
    tags: Mapping[str, str],
    figure: Path,
) -> None:
    """Write rates, losses, the suggestion and the plot as one finished run.

    Args:
        uri: of the tracking store.
        experiment_id: MLflow's.
        found: what was found.
        name: of the run.
        tags: provenance.
        figure: the plot's file.
    """
    client = Client(uri)
    run = client.create_run(experiment_id, run_name=name, tags={**tags, "kind": "rate search"})
    now = int(time.time() * 1000)
    metrics = [
        Metric(key, value, now, step)
        for step, pair in enumerate(zip(found.losses, found.rates, strict=True))
        for key, value in zip(("find_lr/loss", "find_lr/learning_rate"), pair, strict=True)
    ]
    client.log_batch(
        run.info.run_id,
        metrics=metrics,
        params=[
            Param("find_lr.steepest", f"{found.steepest:.3g}"),
            Param("find_lr.lowest", f"{found.lowest:.3g}"),
        ],
    )
    client.log_artifact(run.info.run_id, str(figure))
    client.set_terminated(run.info.run_id, "FINISHED")
