"""Stage 8: Optuna over the same engine."""
