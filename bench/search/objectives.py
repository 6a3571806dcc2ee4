"""What a trial is worth, by each of a search's objectives."""

from bench.experiment.search import SCORES
from bench.tracking.result import RunResult

WORST = {"bleu": 0.0, "chrf": 0.0, "loss": 12.0, "seconds": 1e6, "parameters": 1e12}
"""Of a trial that diverged: an outcome, and a bad one. The loss is that of guessing blindly among
160,000 tokens, a number that can stand beside others in a mean."""


def read_objective(result: RunResult, objective: str) -> float:
    """Return a finished trial's value: a score at its best epoch, or a cost.

    Args:
        result: of the trial.
        objective: its name; `seconds` are those of training alone.
    """
    if result.outcome != "finished":
        return WORST[objective]
    if objective in SCORES:
        return result.epochs[result.best_epoch - 1].metrics[f"validation/{objective}"]
    return {"seconds": result.training_seconds, "parameters": float(result.parameters)}[objective]
