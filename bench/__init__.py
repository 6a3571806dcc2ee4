"""Does this choice matter, by how much, and at what cost? Recurrent translators, compared fairly."""

__version__ = "0.1.0"
