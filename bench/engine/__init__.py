"""Stage 7: runs in, results out."""
