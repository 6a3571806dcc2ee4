"""How many floating-point operations a training step cannot do without: its matrix products.

Shapes: B sentences, S source tokens, T target tokens, V target vocabulary, E embedding features,
H hidden features, G gates of a cell.
"""

from typing import NamedTuple

from bench.data.batching import Batch
from bench.model.cells import CELLS
from bench.model.config import ModelConfig

FORWARD_AND_BACKWARD = 3
"""The gradients by inputs and by weights cost one product each, like the forward pass."""


class Product(NamedTuple):
    """A matrix product of a forward pass, (rows, inner) by (inner, columns)."""

    part: str
    rows: int
    inner: int
    columns: int
    times: float = 1.0
    """How often; parts of one count for what is not padding."""

    @property
    def operations(self) -> float:
        """Return how many it has, there and back."""
        return FORWARD_AND_BACKWARD * 2.0 * self.rows * self.inner * self.columns * self.times


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
    parts = dict.fromkeys(Arithmetic._fields, 0.0)
    for product in list_products(config, batch, target_tokens=target_tokens):
        parts[product.part] += product.operations
    if config.attention != "none":
        looked_at = int((batch.source_lengths * batch.target_mask.sum(1).cpu()).sum())
        summed = _query_size(config) + config.embedding_dim  # scores, and the weighted sum
        parts["decoder"] += FORWARD_AND_BACKWARD * 2.0 * looked_at * summed
    return Arithmetic(**parts)


def list_products(config: ModelConfig, batch: Batch, *, target_tokens: int) -> list[Product]:
    """List the matrix products of a forward pass; arguments as those of `count_operations`."""
    sources, targets = int(batch.source_lengths.sum()), batch.num_target_tokens
    directions = 2 if config.bidirectional else 1
    rows, gates = len(batch.source_lengths), CELLS[config.cell].num_gates
    keys, hidden, out = config.hidden_size * directions, config.hidden_size, config.embedding_dim
    products = []
    for layer in range(config.num_layers):
        width = out if layer == 0 else keys
        products += [
            Product("encoder", sources, width, gates * hidden, directions),
            Product("encoder", rows, hidden, gates * hidden, directions * sources / rows),
        ]
    hidden, steps = config.decoder_hidden_size, targets / rows
    for layer in range(config.num_layers):
        width = out if layer == 0 else hidden
        products += [
            Product("decoder", rows, width, gates * hidden, steps),
            Product("decoder", rows, hidden, gates * hidden, steps),
        ]
    if config.attention != "none":
        products += [
            Product("decoder", rows, hidden, _query_size(config), steps),
            Product("decoder", targets, out, out),  # combined, a token's part
            Product("encoder", sources, keys, out),  # and that of what is seen
        ]
    if config.attention == "additive":
        products.append(Product("encoder", sources, keys, _query_size(config)))
    related = config.tie_output_weights != "untied"
    features = out if related else hidden
    return [*products, Product("output", targets, features, target_tokens)]


def _query_size(config: ModelConfig) -> int:
    """Return how long a query is, and what it is compared with."""
    if config.attention == "additive":
        return config.decoder_hidden_size
    return config.hidden_size * (2 if config.bidirectional else 1)
