"""Stage 5: scores in, record out."""
