"""Stage 2: token ids in, logits out."""
