"""What lies between matrix products, in C, on a machine that has a compiler for it."""
