"""The translator: encoder, bridge, decoder and output layer.

Shapes: B sentences, S source tokens, T target tokens, V target vocabulary,
N real target tokens in the batch.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.data.batching import Batch
from bench.model.config import ModelConfig
from bench.model.decoder import Decoder, OutputLayer
from bench.model.encoder import Bridge, Encoder
from bench.model.recurrent import State
from bench.seeding import global_stream


class Step(NamedTuple):
    """What one decoding step gives."""

    logits: Tensor  # (B, V)
    state: State


class Seq2Seq(nn.Module):
    """A recurrent encoder–decoder, trained with or without the reference before its eyes."""

    def __init__(
        self, config: ModelConfig, *, source_tokens: int, target_tokens: int, seed: int
    ) -> None:
        """Initialise each part from a stream of its own, so that variants share what they can.

        Args:
            config: sizes and options.
            source_tokens: entries of the source vocabulary.
            target_tokens: entries of the target vocabulary.
            seed: the run's seed.
        """
        super().__init__()
        with global_stream(seed, "initialisation", "encoder"):
            self.encoder = Encoder(config, num_tokens=source_tokens)
        with global_stream(seed, "initialisation", "bridge"):
            self.bridge = Bridge(config)
        with global_stream(seed, "initialisation", "decoder"):
            self.decoder = Decoder(config, num_tokens=target_tokens)
        with global_stream(seed, "initialisation", "output"):
            self.output = OutputLayer(config, embedding=self.decoder.embedding)

    def forward(self, batch: Batch, *, forced: Sequence[bool] | None = None) -> Tensor:
        """Return the logits at the real target positions, (N, V), sentence by sentence.

        Args:
            batch: the sentence pairs.
            forced: for each target position, whether the decoder is fed the reference token
                there or its own last guess; position 1 is always fed the begin token. Without it
                all positions are fed the reference, in one call for the whole sequence.
        """
        state = self.start(batch.source, batch.source_lengths)
        if forced is None or all(forced[1:]):
            outputs, _ = self.decoder(batch.decoder_input, state)
            return self._logits(outputs[batch.target_mask])
        return self._free_running(batch.decoder_input, state, forced)[batch.target_mask]

    def start(self, source: Tensor, lengths: Tensor) -> State:
        """Read the source (B, S) and return the decoder's first state."""
        state: State = self.bridge(self.encoder(source, lengths))
        return state

    def step(self, tokens: Tensor, state: State) -> Step:
        """Feed each sentence's last token (B,) and return the logits of its next."""
        outputs, state = self.decoder(tokens[:, None], state)
        return Step(self._logits(outputs[:, 0]), state)

    def _free_running(self, references: Tensor, state: State, forced: Sequence[bool]) -> Tensor:
        tokens = references[:, 0]
        steps: list[Tensor] = []
        for position in range(references.shape[1]):
            if position and forced[position]:
                tokens = references[:, position]
            logits, state = self.step(tokens, state)
            steps.append(logits)
            tokens = logits.argmax(-1)
        return torch.stack(steps, dim=1)  # (B, T, V)

    def _logits(self, features: Tensor) -> Tensor:
        logits: Tensor = self.output(features)
        return logits


def count_parameters(model: nn.Module) -> int:
    """Count the numbers that training adjusts, each once however many places use it."""
    return sum(parameter.numel() for parameter in model.parameters())


def build_on_meta(config: ModelConfig, *, source_tokens: int, target_tokens: int) -> Seq2Seq:
    """Build a model of shapes without numbers: to count its parameters at no cost."""
    with torch.device("meta"):
        return Seq2Seq(config, source_tokens=source_tokens, target_tokens=target_tokens, seed=0)
