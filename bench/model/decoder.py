"""Decoder and output layer: previous tokens and a state in, logits out.

Shapes: B sentences, T target tokens, S source tokens, E embedding features, H decoder features,
K encoder features, L layers, V target vocabulary.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.data.vectors.lookup import Rows
from bench.model.attention import ATTENTIONS, Memory
from bench.model.config import ModelConfig
from bench.model.embedding import build_embedding
from bench.model.encoder import Encoded
from bench.model.recurrent import CellStack, Recurrent, State


class Context(NamedTuple):
    """What the decoder carries from step to step."""

    state: State  # (L, B, H) a part
    memory: Memory | None  # what attention looks at; None without attention

    def select(self, rows: Tensor) -> "Context":
        """Take some sentences, in a new order, given by index or by a mask (B,)."""
        memory = None if self.memory is None else self.memory.select(rows)
        return Context(tuple(part[:, rows] for part in self.state), memory)


class Decoded(NamedTuple):
    """What the decoder gives after reading tokens."""

    outputs: Tensor  # (B, T, H), of the top layer
    context: Context  # after the last token
    weights: Tensor | None  # (B, T, S), where each position looked; None without attention


class Decoder(nn.Module):
    """Embeds the previous target tokens and carries the state on."""

    def __init__(
        self,
        config: ModelConfig,
        *,
        num_tokens: int,
        encoder_size: int,
        vectors: Rows | None,
        seed: int,
    ) -> None:
        super().__init__()
        self.embedding = build_embedding(config, num_tokens, vectors, seed=seed)
        stack = CellStack if config.cell_decoder else Recurrent
        self.recurrent = stack(
            config.cell,
            forget_bias=config.lstm_forget_bias,
            input_size=config.embedding_dim,
            hidden_size=config.decoder_hidden_size,
            num_layers=config.num_layers,
            dropout=config.decoder_dropout * config.dropout_scale,
        )
        self.attention: nn.Module | None = None
        if config.attention != "none":
            self.attention = ATTENTIONS[config.attention](
                query_size=config.decoder_hidden_size,
                key_size=encoder_size,
                hidden_size=config.decoder_hidden_size,
            )
            self.combine = nn.Linear(config.embedding_dim + encoder_size, config.embedding_dim)
        self.mask_padding = config.mask_padding
        self.stepwise = config.cell_decoder or config.attention != "none"

    def start(self, encoded: Encoded, state: State, source_mask: Tensor) -> Context:
        """Make the first context from what was read and the state that the bridge made of it."""
        if self.attention is None:
            return Context(state, None)
        mask = source_mask if self.mask_padding else None
        memory: Memory = self.attention.remember(encoded.outputs, mask)  # type: ignore[operator]
        return Context(state, memory)

    def forward(self, tokens: Tensor, context: Context) -> Decoded:
        """Read tokens (B, T)."""
        embedded = self.embedding(tokens)
        if not self.stepwise:
            outputs, state = self.recurrent(embedded, context.state)
            return Decoded(outputs, Context(state, None), None)
        steps = []
        for position in range(tokens.shape[1]):
            steps.append(self._step(embedded[:, position], context))
            context = steps[-1].context
        outputs = torch.cat([step.outputs for step in steps], dim=1)
        if self.attention is None:
            return Decoded(outputs, context, None)
        weights = torch.cat([step.weights for step in steps if step.weights is not None], dim=1)
        return Decoded(outputs, context, weights)

    def _step(self, embedded: Tensor, context: Context) -> Decoded:
        """Read one embedded token (B, E), with a look at the memory before."""
        weights = None
        if self.attention is not None:
            top = context.state[0][-1]  # the hidden state, an LSTM's first part
            attended = self.attention(top, context.memory)
            weights = attended.weights[:, None]
            embedded = self.combine(torch.cat([embedded, attended.context], dim=-1))
        outputs, state = self.recurrent(embedded[:, None], context.state)
        return Decoded(outputs, Context(state, context.memory), weights)


class OutputLayer(nn.Module):
    """Decoder features to logits over the target vocabulary."""

    def __init__(self, config: ModelConfig, *, embedding: nn.Embedding) -> None:
        super().__init__()
        self.ties = config.tie_output_weights
        related = self.ties != "untied"
        fits = config.decoder_hidden_size == config.embedding_dim
        self.dropout = nn.Dropout(config.output_dropout * config.dropout_scale)
        self.projection: nn.Module = nn.Identity()
        if related and not fits:
            self.projection = nn.Linear(
                config.decoder_hidden_size, config.embedding_dim, bias=False
            )
        self.linear = nn.Linear(
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

    def forward(self, features: Tensor) -> Tensor:
        """Map features (…, H) to logits (…, V)."""
        logits: Tensor = self.linear(self.projection(self.dropout(features)))
        return logits
