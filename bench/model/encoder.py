"""Encoder and bridge: source tokens in, the decoder's first state out.

Shapes: B sentences, S source tokens, L layers, D directions, H encoder features.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.data.vectors.lookup import VectorRows
from bench.model.cells import CELLS
from bench.model.config import ModelConfig
from bench.model.dropout import Dropout
from bench.model.embedding import build_embedding
from bench.model.products import Linear
from bench.model.recurrent import Recurrent, State


class Encoded(NamedTuple):
    """What the encoder gives."""

    outputs: Tensor  # (B, S, D·H), of the top layer
    state: State  # each layer's after the last token, (L, B, D·H) a part


class Encoder(nn.Module):
    """Embeds the source and reads it with a recurrent stack."""

    def __init__(
        self, config: ModelConfig, *, num_tokens: int, vectors: VectorRows | None, seed: int
    ) -> None:
        super().__init__()
        self.num_directions = 2 if config.bidirectional else 1
        self.mask_padding = config.mask_padding
        self.embedding = build_embedding(config, num_tokens, vectors, seed=seed)
        self.dropout = Dropout(config.embedding_dropout * config.dropout_scale)
        self.recurrent = Recurrent(
            config.cell,
            forget_bias=config.lstm_forget_bias,
            input_size=config.embedding_dim,
            hidden_size=config.hidden_size,
            num_layers=config.num_layers,
            dropout=config.encoder_dropout * config.dropout_scale,
            bidirectional=config.bidirectional,
        )

    @property
    def output_size(self) -> int:
        """Features of an output, D·H."""
        return self.recurrent.stack.hidden_size * self.num_directions

    def forward(self, source: Tensor, lengths: Tensor) -> Encoded:
        """Read sentences.

        Args:
            source: token ids, (B, S).
            lengths: real tokens of each sentence, (B,), on the CPU.
        """
        embedded = self.dropout(self.embedding(source))
        outputs, state = self.recurrent(embedded, lengths=lengths if self.mask_padding else None)
        return Encoded(outputs, tuple(self._join_directions(part) for part in state))

    def _join_directions(self, part: Tensor) -> Tensor:
        # torch lays the states out as layer 1 forward, layer 1 backward, layer 2 forward, …
        return torch.cat([part[d :: self.num_directions] for d in range(self.num_directions)], -1)


class Bridge(nn.Module):
    """One linear map without bias from encoder to decoder state, the same for every layer.

    An LSTM's cell state has a map of its own: it is not bounded as its hidden state is.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        encoder_size = config.hidden_size * (2 if config.bidirectional else 1)
        self.dropout = Dropout(config.bridge_dropout * config.dropout_scale)
        self.maps = nn.ModuleList(
            Linear(encoder_size, config.decoder_hidden_size, bias=False)
            for _ in range(CELLS[config.cell].num_parts)
        )

    def forward(self, state: State) -> State:
        """Map each part from (L, B, D·H) to the decoder's width."""
        mapped = zip(self.maps, state, strict=True)
        # A state is float32 whatever its layers' products are; narrowed weights want their own.
        narrow = next(self.maps.parameters()).dtype
        return tuple(linear(self.dropout(part.to(narrow))) for linear, part in mapped)
