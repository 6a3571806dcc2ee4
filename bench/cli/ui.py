"""`ui`: MLflow's own pages on the recorded runs."""

import os
import shlex
import signal
import subprocess
import sys

import click

from bench.cli.ports import PORT, refuse_taken

PATIENCE_SECONDS = 5.0


@click.command("ui")
@click.option("--tracking-uri", metavar="URI", help="MLflow store; as for run.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=PORT, default=5000, show_default=True, help="Where to listen.")
def command(tracking_uri: str | None, host: str, port: int) -> None:
    """Start MLflow's pages on this machine, until Ctrl-C."""
    from bench.errors import TrackingError
    from bench.tracking.store import is_server, refuse_new, without_password
    from bench.tracking.store import tracking_uri as settle

    uri = settle(tracking_uri)
    if is_server(uri):
        raise TrackingError(f"{without_password(uri)} is a server: its own pages are there")
    given = ["--tracking-uri", without_password(tracking_uri)] if tracking_uri else []
    refuse_new(uri, command=shlex.join(["python", "-m", "bench", "run", "gru_vs_lstm", *given]))
    refuse_taken(host, port)
    # Without its job execution the server is two processes of 240 MB in place of ten.
    variables = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "1"}
    variables |= {"MLFLOW_BACKEND_STORE_URI": uri}  # where no list of processes shows a password
    click.echo(
        f"Runs of {without_password(uri)} at http://{host}:{port}/#/experiments?workflowType=machine_learning"
    )
    variables |= {"PYTHONWARNINGS": "ignore"}
    arguments = ["--host", host, "--port", str(port), "--uvicorn-opts", "--log-level warning"]
    # A session of its own, so that whatever it starts can be ended with it.
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", *arguments],
        env=os.environ | variables,
        start_new_session=True,
    )
    try:
        sys.exit(server.wait())
    except KeyboardInterrupt:
        click.echo("Stopped.")
    finally:
        _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server and its workers, which would outlive it and keep the port."""
    for signum in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, signum)
            server.wait(PATIENCE_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
