"""Stage 3: the one trainer."""
