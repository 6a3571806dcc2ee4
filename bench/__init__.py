"""Does this choice matter, by how much, and at what cost? Translators compared."""

__version__ = "0.1.0"
