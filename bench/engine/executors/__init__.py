"""Where runs are executed: one module per way."""
