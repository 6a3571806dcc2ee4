"""Stage 9: results in, statements out."""
