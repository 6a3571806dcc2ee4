"""The translator: encoder, bridge, decoder and output layer.

Shapes: B sentences, S source tokens, T target tokens, V target vocabulary,
N real target tokens in the batch.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from bench.data.batching import Batch
from bench.data.vectors.lookup import VectorRows
from bench.data.vocabulary import PAD_ID
from bench.model.config import ModelConfig
from bench.model.decoder import Context, Decoder
from bench.model.encoder import Bridge, Encoder
from bench.model.graphs import Recorder, is_recorded
from bench.model.output import OutputLayer
from bench.seeding import global_stream


class Vectors(NamedTuple):
    """Where the embedding rows of both languages begin; None: at random."""

    source: VectorRows | None = None
    target: VectorRows | None = None


class Step(NamedTuple):
    """What one decoding step gives."""

    found: Tensor  # (B, …)
    context: Context


class Seq2Seq(nn.Module):
    """A recurrent encoder–decoder, trained with or without the reference before its eyes."""

    def __init__(
        self,
        config: ModelConfig,
        *,
        source_tokens: int,
        target_tokens: int,
        seed: int,
        vectors: Vectors | None = None,
    ) -> None:
        """Initialise each part from a stream of its own, so that variants share what they can.

        Args:
            config: sizes and options.
            source_tokens: entries of the source vocabulary.
            target_tokens: entries of the target vocabulary.
            seed: the run's seed.
            vectors: where embedding rows begin.
        """
        super().__init__()
        vectors = vectors or Vectors()
        with global_stream(seed, "initialisation", "encoder"):
            self.encoder = Encoder(
                config, num_tokens=source_tokens, vectors=vectors.source, seed=seed
            )
        with global_stream(seed, "initialisation", "bridge"):
            self.bridge = Bridge(config)
        with global_stream(seed, "initialisation", "decoder"):
            self.decoder = Decoder(
                config,
                num_tokens=target_tokens,
                encoder_size=self.encoder.output_size,
                vectors=vectors.target,
                seed=seed,
            )
        with global_stream(seed, "initialisation", "output"):
            self.output = OutputLayer(config, embedding=self.decoder.embedding)
        self._recorder = Recorder()

    def forward(
        self, batch: Batch, *, forced: Sequence[bool] | None = None, everywhere: bool = False
    ) -> Tensor:
        """Return the logits at the real target positions, (N, V), sentence by sentence.

        Args:
            batch: the sentence pairs.
            forced: for each target position, whether the decoder is fed the reference token
                there or its own last guess; position 1 is always fed the begin token. Without it
                all positions are fed the reference, in one call for the whole sequence.
            everywhere: return the logits of padding too, (B, T, V), as the lesson's loop makes
                them: zeros from where every sentence of the batch has ended in padding.
        """
        if everywhere:
            context = self.start(batch.source, batch.source_lengths)
            forced = forced or [True] * batch.target.shape[1]
            return self._every_position(batch.decoder_input, context, forced)
        logits: Tensor = self.output.linear(self.features(batch, forced=forced))
        return logits

    def features(self, batch: Batch, *, forced: Sequence[bool] | None = None) -> Tensor:
        """Return what the output matrix makes the logits of, (N, F).

        Args:
            batch: the sentence pairs.
            forced: as in `forward`.
        """
        context = self.start(batch.source, batch.source_lengths)
        if forced is None or all(forced[1:]):
            features: Tensor = self.output.prepare(batch.real(self._fed(batch, context)))
            return features
        if is_recorded(batch.target.device):
            return batch.real(self._replayed_free(batch, context, forced))
        return batch.real(self._free_running(batch.decoder_input, context, forced))

    def _fed(self, batch: Batch, context: Context) -> Tensor:
        """Read the reference and return the decoder's outputs, (B, T, H)."""
        tokens, decoder = batch.decoder_input, self.decoder
        if not decoder.stepwise or not is_recorded(tokens.device):
            outputs: Tensor = decoder(tokens, context).outputs
            return outputs

        def follow(context: Context, embedded: Tensor) -> Tensor:
            return decoder.follow(embedded, context).outputs

        return self._recorder(decoder, follow, context, decoder.embed(tokens))

    def start(self, source: Tensor, lengths: Tensor) -> Context:
        """Read the source (B, S) and return the decoder's first context."""
        encoded = self.encoder(source, lengths)
        state = self.bridge(encoded.state)
        positions = torch.arange(source.shape[1], device=source.device)
        mask = positions < lengths.to(source.device, non_blocking=True)[:, None]
        return self.decoder.start(encoded, state, mask)

    def step(self, tokens: Tensor, context: Context) -> Step:
        """Feed each sentence's last token (B,) and return the logits of its next, (B, V)."""
        features, context = self.advance(tokens, context)
        return Step(self.output.linear(features), context)

    def advance(self, tokens: Tensor, context: Context) -> Step:
        """Feed each sentence's last token (B,); return what the logits are made of, (B, F)."""
        decoded = self.decoder(tokens[:, None], context)
        return Step(self.output.prepare(decoded.outputs[:, 0]), decoded.context)

    def attention_weights(self, batch: Batch) -> Tensor:
        """Return where the decoder looked as it read the reference, (B, T, S).

        Raises:
            ValueError: for a model without attention.
        """
        decoded = self.decoder(batch.decoder_input, self.start(batch.source, batch.source_lengths))
        if decoded.weights is None:
            raise ValueError("this model has no attention")
        weights: Tensor = decoded.weights
        return weights

    def _replayed_free(self, batch: Batch, context: Context, forced: Sequence[bool]) -> Tensor:
        """Return what `_free_running` does, by a graph that holds both ways to take a token."""
        references = batch.decoder_input
        coins = torch.tensor([forced]).to(references.device, non_blocking=True)

        def run_free(context: Context, references: Tensor, coins: Tensor) -> Tensor:
            return self._free_running(references, context, coins[0])

        return self._recorder(self, run_free, context, references, coins)

    def _free_running(
        self, references: Tensor, context: Context, forced: Sequence[bool] | Tensor
    ) -> Tensor:
        """Step through T positions and return the output matrix's inputs, (B, T, F).

        A guess needs logits but no gradient of them: the loss makes its own of the same features.
        Where the host does not know what is forced, (T,), there is always a guess.
        """
        guess, masks = self.output.guesser(), list[Tensor]()

        def choose(number: int, output: Tensor | None) -> Tensor:
            if output is None:
                return references[:, 0]
            masks.append(self.output.draw_mask(output))
            reference, coin = references[:, number], forced[number]
            if coin is True:
                return reference
            guessed = guess(self.output.prepare(output, masks[-1]))
            return reference.where(coin, guessed) if isinstance(coin, Tensor) else guessed

        outputs = self.decoder.choose(references.shape[1], context, choose).outputs
        masks.append(self.output.draw_mask(outputs[:, -1]))
        return self.output.prepare(outputs, torch.stack(masks, dim=1))

    def _every_position(
        self, references: Tensor, context: Context, forced: Sequence[bool]
    ) -> Tensor:
        """Step on until every sentence has said padding, and return logits (B, T, V)."""
        unrolling, embed = self.decoder.unroll(context), self.decoder.embed_stepwise()
        tokens, looks = references[:, 0], _may_look(references.device)
        going_on = torch.ones((), dtype=torch.bool, device=references.device)
        steps: list[Tensor] = []
        for position in range(references.shape[1]):
            if position and forced[position]:
                tokens = references[:, position]
            logits = self._logits(unrolling.read(embed(tokens)))
            tokens = logits.argmax(-1)
            steps.append(logits if looks else logits.where(going_on, 0.0))
            going_on = going_on & (tokens != PAD_ID).any()
            if looks and not going_on:
                break
        logits = torch.stack(steps, dim=1)
        return pad(logits, (0, 0, 0, references.shape[1] - len(steps)))  # (B, T, V)

    def _logits(self, features: Tensor) -> Tensor:
        logits: Tensor = self.output(features)
        return logits

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Seq2Seq":
        """Move or convert the model, as `to` does, without parting what shares one memory."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.output.share(self.decoder.embedding)
        self._recorder = Recorder()
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Seq2Seq":
        """Copy the model without parting what shares one memory."""
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        for name, value in self.__dict__.items():
            twin.__dict__[name] = copy.deepcopy(value, memo)
        twin.output.share(twin.decoder.embedding)
        return twin


def _may_look(device: torch.device) -> bool:
    """Tell whether the host may read a number within a step: for a GPU's it would have to wait."""
    return device.type == "cpu"


def count_parameters(model: Seq2Seq) -> int:
    """Count the numbers that training adjusts, each once however many places use it."""
    shared = model.output.linear.weight.numel() if model.output.ties == "lesson" else 0
    return sum(parameter.numel() for parameter in model.parameters()) - shared


def build_on_meta(config: ModelConfig, *, source_tokens: int, target_tokens: int) -> Seq2Seq:
    """Build a model of shapes without numbers: to count its parameters at no cost."""
    with torch.device("meta"):
        return Seq2Seq(config, source_tokens=source_tokens, target_tokens=target_tokens, seed=0)
