"""Stage 9: runs in, their speed out."""
