"""Stage 12: words in, calls out."""
