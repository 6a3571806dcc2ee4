"""What a person sees while runs go on: a line per run at work, and one per run done."""

from collections.abc import Callable
from threading import Event as Signal
from threading import RLock, Thread
from time import perf_counter

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bench.engine.executors.contract import Ended, EpochEnded, Event, Failed, Started
from bench.experiment.planning import RunSpec
from bench.tracking.result import EpochRecord

SECONDS_SHOWN = 0.25
"""How long what is drawn stays before it is drawn anew."""


class RunProgress:
    """Shows events as they come: live in a terminal, as plain lines elsewhere."""

    def __init__(
        self,
        console: Console,
        *,
        num_runs: int,
        noun: str = "runs",
        standing: Callable[[], str] = str,
    ) -> None:
        """Get ready.

        Args:
            console: where to show.
            num_runs: to be done.
            noun: what they are called.
            standing: says how far all is; asked whenever a run begins or ends.
        """
        self._console = console
        self._num_runs = num_runs
        self._noun = noun
        self._ask_standing = standing
        self._standing = ""
        self._num_done = 0
        self._started = perf_counter()
        self._active: dict[str, tuple[RunSpec, EpochRecord | None]] = {}
        # Drawn by a thread of ours: while that of `Live` draws, lines that are printed get lost.
        self._live = Live(
            get_renderable=self._render, console=console, auto_refresh=False, transient=True
        )
        self._drawing, self._over = RLock(), Signal()
        self._drawer = Thread(target=self._draw, daemon=True)

    def __enter__(self) -> "RunProgress":
        """Begin to show."""
        if self._console.is_terminal:
            self._live.start()
            self._drawer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave only the lines of finished runs."""
        self._over.set()
        if self._drawer.is_alive():
            self._drawer.join()
        self._live.stop()

    def _draw(self) -> None:
        while not self._over.wait(SECONDS_SHOWN):
            with self._drawing:
                self._live.refresh()

    def __call__(self, event: Event) -> None:
        """Take notice of an event."""
        with self._drawing:
            self._notice(event)

    def _notice(self, event: Event) -> None:
        spec = event.spec
        match event:
            case Started():
                self._active[spec.identity] = (spec, None)
                self._standing = self._ask_standing()
            case EpochEnded():
                self._active[spec.identity] = (spec, event.record)
                if not self._console.is_terminal:
                    self._say(f"{spec.name}: {_epoch_text(spec, event.record)}")
            case Ended():
                self._done(spec, _ended_text(event))
            case Failed():
                self._done(spec, f"[red]failed[/]: {escape(event.reason)}")

    def _done(self, spec: RunSpec, text: str) -> None:
        self._active.pop(spec.identity, None)
        self._num_done += 1
        self._standing = self._ask_standing()
        self._say(f"[bold]{spec.name}[/]  {text}")

    def _say(self, text: str) -> None:
        # A log's lines are whole; a terminal's are broken between words.
        self._console.print(text, highlight=False, soft_wrap=not self._console.is_terminal)

    def _render(self) -> Group:
        rows = Table.grid(padding=(0, 2))
        for spec, record in self._active.values():
            said = "loading the libraries" if record is None else _epoch_text(spec, record)
            rows.add_row(Spinner("dots"), f"[bold]{spec.name}[/]", Text(said))
        standing = [Text(self._standing)] if self._standing else []
        return Group(rows, *standing, Text(self._summary(), style="dim"))

    def _summary(self) -> str:
        elapsed = perf_counter() - self._started
        text = f"{self._num_done} of {self._num_runs} {self._noun} done · {clock(elapsed)}"
        waiting = self._num_runs - self._num_done
        if self._num_done and waiting:
            rounds = waiting / self._num_done
            text += f" · about {clock(elapsed * rounds)} left"
        return text


def _epoch_text(spec: RunSpec, record: EpochRecord) -> str:
    metrics = record.metrics
    return (
        f"epoch {record.epoch}/{spec.config.training.num_epochs}  "
        f"loss {metrics['train/loss']:.3f}  "
        f"validation loss {metrics['validation/loss']:.3f}  "
        f"BLEU {metrics['validation/bleu']:.1f}  "
        f"{metrics['train/pairs_per_second']:,.0f} pairs/s"
    )


def _ended_text(event: Ended) -> str:
    result = event.result
    if result.outcome == "diverged":
        return f"[yellow]{result.detail}[/] (counted as an outcome)"
    if not result.test:  # a trial of a search
        pruned = "" if len(result.epochs) == event.spec.config.training.num_epochs else "  pruned"
        return (
            f"validation BLEU [bold]{result.validation_bleu:.2f}[/]  best epoch "
            f"{result.best_epoch}  {result.training_seconds:.0f} s of training{pruned}"
        )
    return (
        f"test BLEU [bold]{result.test['bleu']:.2f}[/]  loss {result.test['loss']:.3f}  "
        f"best epoch {result.best_epoch}  {result.training_seconds:.0f} s of training  "
        f"{result.pairs_per_second:,.0f} pairs/s"
    )


def clock(seconds: float) -> str:
    """Write seconds as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
