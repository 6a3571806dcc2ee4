"""The command line: one file per command, loaded only when it is called.

Errors that a user can mend are printed without a traceback; exit code 2. A failed run gives 1.
"""

import errno
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType

import click

from bench import __version__
from bench.errors import BenchError, UnknownNameError

# Torch, MLflow and spaCy take seconds each: the help must not wait for them.
COMMANDS = {
    "run": "Run an experiment and answer its question.",
    "list": "List the experiments, and the corpora.",
    "plan": "Show what would run, and what has been done already.",
    "compare": "Answer from recorded results alone; nothing is trained.",
    "report": "Write the answer as files: a page, a figure, the numbers.",
    "search": "Tune every variant with Optuna under the same budget.",
    "dashboard": "Open Optuna's pages on the studies of a search.",
    "find-lr": "Find a learning rate that suits a variant.",
    "speed": "Measure how fast a variant trains and decodes here.",
    "prepare": "Make a corpus ready: read, split, tokenise, cache.",
    "translate": "Translate French sentences with a trained model.",
    "ui": "Open MLflow's pages on the recorded runs.",
}
WAITING = {"OPENBLAS_THREAD_TIMEOUT": "4", "OMP_WAIT_POLICY": "passive"}
"""Where a command computes in several threads, those that wait for work do so asleep. Left to
themselves they spin, on a core that others want."""
EXAMPLES = """\b
Examples:
  python -m bench run gru_vs_lstm
  python -m bench run gru_vs_lstm --seeds 5 --corpus my_pairs.tsv
  python -m bench translate gru_vs_lstm "Où est la gare ?"
"""


class Commands(click.Group):
    """Loads a command's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the commands, in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load one command."""
        if cmd_name not in COMMANDS:
            raise UnknownNameError("command", cmd_name, COMMANDS, where="python -m bench")
        command: click.Command = import_module(f"bench.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Describe the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, epilog=EXAMPLES)
@click.version_option(__version__, prog_name="bench")
def cli() -> None:
    """Compare recurrent translators fairly: paired seeds, intervals, honest verdicts."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    for name, value in WAITING.items():
        os.environ.setdefault(name, value)  # read when numpy and torch are loaded
    # A polite request to end is heard like Ctrl-C, so that runs are closed and can go on later; a
    # closed terminal is one, unless nohup made us deaf to it.
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)
    try:
        cli.main(args=arguments, prog_name="python -m bench", standalone_mode=False)
    except BenchError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except OSError as error:
        if error.filename is None and error.errno == errno.ENOSPC:
            click.echo("Error: a disk is full", err=True)
            sys.exit(2)
        if error.filename is None:  # not about a file: a fault of ours
            raise
        click.echo(f"Error: {error.filename}: {error.strerror}{_of_the_cache(error)}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        given = sys.argv[1:] if arguments is None else arguments
        advice = "The same command goes on where it stopped."
        if "--force" in given:
            advice = "If a run had begun, the same command, without --force, goes on with it."
        click.echo(f"\nInterrupted. {advice}", err=True)
        sys.exit(130)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)


def _of_the_cache(error: OSError) -> str:
    """Say how to keep data elsewhere, where a file of the cache, or what it lies in, is refused."""
    from bench.cache import cache_folder

    path, cache = Path(str(error.filename)), cache_folder()
    theirs = path.is_relative_to(cache) or cache.is_relative_to(path)
    return " (of the data cache; BENCH_CACHE names another folder)" if theirs else ""


def _interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise KeyboardInterrupt
