"""How many floating-point operations a training step cannot do without: its matrix products.

Shapes: B sentences, S source tokens, T target tokens, V target vocabulary, E embedding features,
H hidden features, G gates of a cell.
"""

from typing import NamedTuple

from bench.data.batching import Batch
from bench.model.config import CellKind, ModelConfig

GATES: dict[CellKind, int] = {"rnn": 1, "gru": 3, "lstm": 4}
FORWARD_AND_BACKWARD = 3
"""The gradients by inputs and by weights cost one product each, like the forward pass."""


class Arithmetic(NamedTuple):
    """Floating-point operations of one training step, padding not counted."""

    encoder: float
    decoder: float
    output: float

    @property
    def total(self) -> float:
        """Return the sum."""
        return self.encoder + self.decoder + self.output


def count_operations(config: ModelConfig, batch: Batch, *, target_tokens: int) -> Arithmetic:
    """Count the operations of a step on one batch, a multiplication and an addition as two.

    Args:
        config: of the model.
        batch: its real tokens count.
        target_tokens: V.
    """
    sources, targets = int(batch.source_lengths.sum()), batch.num_target_tokens
    directions = 2 if config.bidirectional else 1
    encoder = sources * _stack(
        config.cell, config.embedding_dim, config.hidden_size, config.num_layers, directions
    )
    decoder = targets * _stack(
        config.cell, config.embedding_dim, config.decoder_hidden_size, config.num_layers, 1
    )
    keys = config.hidden_size * directions
    if config.attention != "none":
        width = config.decoder_hidden_size if config.attention == "additive" else keys
        looked_at = int((batch.source_lengths * batch.target_mask.sum(1).cpu()).sum())
        decoder += 2 * targets * config.decoder_hidden_size * width  # queries
        decoder += 2 * looked_at * (width + config.embedding_dim)  # scores, and the weighted sum
        decoder += 2 * targets * config.embedding_dim**2  # combined, a token's part
        encoder += 2 * sources * keys * config.embedding_dim  # and that of what is seen
        if config.attention == "additive":
            encoder += 2 * sources * keys * width
    related = config.tie_output_weights != "untied"
    features = config.embedding_dim if related else config.decoder_hidden_size
    output = 2 * targets * features * target_tokens
    return Arithmetic(*(float(FORWARD_AND_BACKWARD * part) for part in (encoder, decoder, output)))


def _stack(cell: CellKind, inputs: int, hidden: int, num_layers: int, directions: int) -> int:
    """Count the operations of a recurrent stack for one token."""
    total = 0
    for layer in range(num_layers):
        width = inputs if layer == 0 else hidden * directions
        total += 2 * directions * GATES[cell] * hidden * (width + hidden)
    return total
