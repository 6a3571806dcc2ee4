"""Beside the stages: a run in, its speed out."""
