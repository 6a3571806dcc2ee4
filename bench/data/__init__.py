"""Stage 1: sentences in, batches out."""
