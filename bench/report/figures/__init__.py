"""Plots: each a function from recorded figures to the text of an SVG file, all in one style."""
