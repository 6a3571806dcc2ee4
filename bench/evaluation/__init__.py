"""Stage 4: model in, scores out."""
