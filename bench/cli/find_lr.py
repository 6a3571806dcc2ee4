"""`find-lr`: which learning rate suits a variant."""

from pathlib import Path

import click
from rich.console import Console

from bench.cli.opening import open_session
from bench.cli.options import experiment_options
from bench.files import write_whole
from bench.session.selection import Selection


@click.command("find-lr")
@experiment_options
@click.argument("variant", required=False)
@click.option(
    "--steps",
    type=click.IntRange(min=2),
    default=100,
    show_default=True,
    help="Training steps to take at most.",
)
@click.option(
    "--to",
    "folder",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the plot.",
)
def command(selection: Selection, variant: str | None, steps: int, folder: Path) -> None:
    """Raise the learning rate step by step and watch the loss of VARIANT (default: the baseline).

    Prints a suggestion, writes a plot, and logs both to MLflow; nothing is changed by it.
    """
    console = Console()
    session = open_session(console, selection)

    from bench.data.batching import TrainingBatches
    from bench.engine.execution import build_model
    from bench.errors import UnknownNameError
    from bench.report.figures.drawing import standalone
    from bench.report.figures.rate_search import draw_rate_search
    from bench.tracking.provenance import command_line, provenance
    from bench.tracking.rate_search import log_rate_search
    from bench.training.agreement import require_agreement
    from bench.training.device import prepare_arithmetic
    from bench.training.rate_finder import find_learning_rate

    variant = variant or session.experiment.baseline
    if variant not in session.experiment.variants:
        raise UnknownNameError("variant", variant, session.experiment.variants, where="find-lr")
    spec = next(spec for spec in session.specs if spec.variant == variant)
    data = session.data[spec.data_fingerprint]
    training = spec.config.training
    prepare_arithmetic()
    require_agreement(session.device)
    with console.status(f"training {variant} at rising learning rates"):
        found = find_learning_rate(
            build_model(spec, data).to(session.device),
            TrainingBatches(
                data.load_split("train"), batch_size=training.batch_size, seed=spec.seed
            ),
            training,
            seed=spec.seed,
            num_steps=steps,
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"find-lr-{session.experiment.name}-{variant}.svg"
    title = f"{session.experiment.name}, {variant}"
    write_whole(path, standalone(draw_rate_search(found, title=title)))
    log_rate_search(
        session.uri,
        session.tracker.experiment_id,
        found,
        name=f"find-lr-{variant}",
        tags={**provenance(), "command": command_line(), "variant": variant},
        figure=path,
    )
    console.print(
        f"The loss fell fastest at {found.steepest:.1e}; it was lowest at {found.lowest:.1e}; "
        f"a tenth of that, {found.lowest / 10:.1e}, is a careful choice.\n"
        f"The experiment has training.learning_rate = {training.learning_rate:g}.\n"
        f"Plot: {path}",
        highlight=False,
        markup=False,
    )
