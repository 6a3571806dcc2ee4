"""Decoder and output layer: previous tokens and a state in, logits out.

Shapes: B sentences, T target tokens, H decoder features, V target vocabulary.
"""

from torch import Tensor, nn

from bench.model.config import ModelConfig
from bench.model.embedding import build_embedding
from bench.model.recurrent import Recurrent, State, Unrolled


class Decoder(nn.Module):
    """Embeds the previous target tokens and carries the state on."""

    def __init__(self, config: ModelConfig, *, num_tokens: int) -> None:
        super().__init__()
        self.embedding = build_embedding(
            num_tokens, config.embedding_dim, scale=config.embedding_scale
        )
        self.recurrent = Recurrent(
            config.cell,
            forget_bias=config.lstm_forget_bias,
            input_size=config.embedding_dim,
            hidden_size=config.decoder_hidden_size,
            num_layers=config.num_layers,
            dropout=config.decoder_dropout * config.dropout_scale,
        )

    def forward(self, tokens: Tensor, state: State) -> Unrolled:
        """Read tokens (B, T) and return the top layer's outputs (B, T, H) and the last state."""
        unrolled: Unrolled = self.recurrent(self.embedding(tokens), state)
        return unrolled


class OutputLayer(nn.Module):
    """Decoder features to logits over the target vocabulary."""

    def __init__(self, config: ModelConfig, *, embedding: nn.Embedding) -> None:
        super().__init__()
        tied = config.tie_output_weights == "tied"
        fits = config.decoder_hidden_size == config.embedding_dim
        self.dropout = nn.Dropout(config.output_dropout * config.dropout_scale)
        self.projection: nn.Module = nn.Identity()
        if tied and not fits:
            self.projection = nn.Linear(
                config.decoder_hidden_size, config.embedding_dim, bias=False
            )
        self.linear = nn.Linear(
            config.embedding_dim if tied else config.decoder_hidden_size, embedding.num_embeddings
        )
        if tied:
            self.linear.weight = embedding.weight

    def forward(self, features: Tensor) -> Tensor:
        """Map features (…, H) to logits (…, V)."""
        logits: Tensor = self.linear(self.projection(self.dropout(features)))
        return logits
