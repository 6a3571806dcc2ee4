"""One module per corpus; the module's name is the corpus's name, its `Reader` reads it."""
