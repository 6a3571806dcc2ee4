"""Stage 10: comparisons in, pages out."""
