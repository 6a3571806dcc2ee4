"""Stage 11: an experiment with its data, plan and record in, its answer and report out."""
