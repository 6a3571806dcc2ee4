"""The lesson's translator as plain PyTorch code, the way its notebook was written: a peer.

Sentences padded to the longest; the decoder stepped through in Python, and fed the reference, as
ours is where speed is measured; the loss over every position. It shares no code with the suite's
model, and takes its sizes alone.

Shapes: B sentences, S source tokens, T target tokens, V target vocabulary.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bench.data.vocabulary import BOS_ID, PAD_ID
from bench.model.cells import CELLS
from bench.model.config import ModelConfig


class Lesson(nn.Module):
    """Encoder, decoder and, if the config asks for it, additive attention."""

    def __init__(self, config: ModelConfig, *, source_tokens: int, target_tokens: int) -> None:
        """Make the layers in the lesson's sizes: only what the lesson has."""
        super().__init__()
        width, hidden, out = config.embedding_dim, config.hidden_size, config.decoder_hidden_size
        directions = 2 if config.bidirectional else 1
        stack, scale = CELLS[config.cell].sequence, config.dropout_scale
        self.source_embedding = nn.Embedding(source_tokens, width, padding_idx=PAD_ID)
        self.source_dropout = nn.Dropout(config.embedding_dropout * scale)
        between = dict[str, Any](num_layers=config.num_layers, batch_first=True)
        dropout = 0.0 if config.num_layers == 1 else scale
        self.encoder = stack(
            width, hidden, dropout=config.encoder_dropout * dropout,
            bidirectional=config.bidirectional, **between,
        )  # fmt: skip
        self.bridge = nn.Linear(hidden * directions, out, bias=False)
        self.target_embedding = nn.Embedding(target_tokens, width, padding_idx=PAD_ID)
        self.decoder = stack(width, out, dropout=config.decoder_dropout * dropout, **between)
        self.output_dropout = nn.Dropout(config.output_dropout * scale)
        self.output = nn.Linear(out, target_tokens)
        self.attends = config.attention != "none"
        if self.attends:
            self.to_keys = nn.Linear(hidden * directions, out, bias=False)
            self.to_query = nn.Linear(out, out)
            self.score = nn.Linear(out, 1, bias=False)
            self.combine = nn.Linear(width + hidden * directions, width)

    def forward(self, source: Tensor, target: Tensor | None, *, max_length: int) -> Tensor:
        """Return logits, (B, T, V): of the reference fed to it, or of its own guesses.

        Args:
            source: token ids, (B, S).
            target: token ids to be fed, (B, T); None: its own guesses are.
            max_length: T, where there is no target.
        """
        read, state = self.encoder(self.source_dropout(self.source_embedding(source)))
        state = self._cross(state)
        fed = torch.full((len(source),), BOS_ID, device=source.device)
        keys = self.to_keys(read) if self.attends else None
        steps = []
        for position in range(max_length if target is None else target.shape[1]):
            embedded = self.target_embedding(fed)
            if keys is not None:
                top = state[0][-1] if isinstance(state, tuple) else state[-1]
                hidden = torch.tanh(keys + self.to_query(top)[:, None])
                weights = self.score(hidden).softmax(1)
                context = (weights * read).sum(1)
                embedded = self.combine(torch.cat([embedded, context], 1))
            decoded, state = self.decoder(embedded[:, None], state)
            logits = self.output(self.output_dropout(decoded[:, 0]))
            steps.append(logits)
            fed = logits.argmax(1) if target is None else target[:, position]
            if target is None and bool((fed == PAD_ID).all()):
                break
        return torch.stack(steps, 1)

    def loss(self, source: Tensor, target: Tensor) -> Tensor:
        """Return the loss over every position, the reference fed."""
        logits = self(source, target, max_length=0)
        return cross_entropy(logits.flatten(0, 1), target.flatten())

    def _cross(self, state: Any) -> Any:
        """Bring each part of the encoder's state to the decoder's width."""
        if isinstance(state, tuple):
            return tuple(self._cross(part) for part in state)
        if self.encoder.bidirectional:
            state = torch.cat([state[0::2], state[1::2]], -1)
        return self.bridge(state)
