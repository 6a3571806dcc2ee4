"""fastText vectors + vocabulary → rows for an embedding, and what was found."""
