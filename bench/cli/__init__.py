"""Stage 11: words in, calls out."""
