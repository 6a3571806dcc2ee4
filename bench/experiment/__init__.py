"""Stage 6: TOML in, list of runs out."""
