"""Output layer: decoder outputs in, logits out.

Shapes: B sentences, H decoder features, F features that the matrix takes, V target vocabulary.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bench.model.config import ModelConfig
from bench.model.dropout import Dropout
from bench.model.products import Linear, linear, narrowed


class OutputLayer(nn.Module):
    """Decoder features to logits over the target vocabulary."""

    def __init__(self, config: ModelConfig, *, embedding: nn.Embedding) -> None:
        super().__init__()
        self.ties = config.tie_output_weights
        related = self.ties != "untied"
        fits = config.decoder_hidden_size == config.embedding_dim
        self.dropout = Dropout(config.output_dropout * config.dropout_scale)
        self.projection: nn.Module = nn.Identity()
        if related and not fits:
            self.projection = Linear(config.decoder_hidden_size, config.embedding_dim, bias=False)
        self.linear = Linear(
            config.embedding_dim if related else config.decoder_hidden_size,
            embedding.num_embeddings,
        )
        if config.output_std:
            nn.init.normal_(self.linear.weight, std=config.output_std)
        if self.ties == "tied":
            self.linear.weight = embedding.weight
        elif self.ties == "started_equal":
            with torch.no_grad():
                self.linear.weight.copy_(embedding.weight)
        self.share(embedding)

    def share(self, embedding: nn.Embedding) -> None:
        """Let both matrices of a "lesson" tie use one memory, after a move or a copy too."""
        if self.ties == "lesson":
            self.linear.weight.data = embedding.weight.data

    def prepare(self, outputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Make of the decoder's outputs (…, H) what the matrix takes, (…, F).

        Args:
            outputs: of the decoder.
            mask: what `draw_mask` drew for them; without it, dropout draws its own.
        """
        dropped = self.dropout(outputs) if mask is None else outputs * mask
        features: Tensor = self.projection(dropped)
        return features

    def draw_mask(self, outputs: Tensor) -> Tensor:
        """Draw what dropout will multiply such outputs by."""
        mask: Tensor = self.dropout(torch.ones_like(outputs))
        return mask

    def guesser(self) -> Callable[[Tensor], Tensor]:
        """Return what tells the likeliest tokens (B,) of prepared outputs (B, F), step by step."""
        weight, bias = narrowed(self.linear.weight), narrowed(self.linear.bias)

        def guess(features: Tensor) -> Tensor:
            return linear(features.detach().to(weight.dtype), weight, bias).max(-1).indices

        return guess

    def forward(self, outputs: Tensor) -> Tensor:
        """Map the decoder's outputs (…, H) to logits (…, V)."""
        logits: Tensor = self.linear(self.prepare(outputs))
        return logits
