"""Decoder: previous tokens and a state in, outputs out.

Shapes: B sentences, T target tokens, S source tokens, E embedding features, H decoder features,
K encoder features, L layers, N hypotheses a sentence in beam search, V target vocabulary.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.compiled.library import kernels_for
from bench.data.vectors.lookup import VectorRows
from bench.model.attention import ATTENTIONS, Attention, Memory
from bench.model.cells import CELLS
from bench.model.config import ModelConfig
from bench.model.embedding import build_embedding
from bench.model.encoder import Encoded
from bench.model.fused.known import read
from bench.model.fused.later import embedded_later
from bench.model.fused.steps import Steps
from bench.model.fused.unrolled import Stack, Unrolled, unroll
from bench.model.products import Linear, linear
from bench.model.recurrent import CellStack, Recurrent, State
from bench.model.stepping import SteppedProduct

Chooser = Callable[[int, Tensor | None], Tensor]
"""Told a step and the outputs (B, H) of the one before, None at first; returns tokens, (B,)."""


class Context(NamedTuple):
    """What the decoder carries from step to step."""

    state: State  # (L, B, H) a part; in beam search N rows a sentence
    memory: Memory | None  # what attention looks at, a row a sentence; None without attention
    steps: Steps | None = None  # the stack, ready for steps without gradients, if there was one

    def select(self, kept: Tensor, *, of: int) -> "Context":
        """Take some of so many sentences, with all their hypotheses, by their places."""
        memory = None if self.memory is None else self.memory.select(kept)
        by_sentence = (part.unflatten(1, (of, -1)) for part in self.state)
        state = tuple(part.index_select(1, kept).flatten(1, 2) for part in by_sentence)
        return Context(state, memory, self.steps)

    def spread(self, num_hypotheses: int) -> "Context":
        """Go on with so many hypotheses a sentence, alike at first; they share its memory."""
        state = tuple(part.repeat_interleave(num_hypotheses, dim=1) for part in self.state)
        return Context(state, self.memory, self.steps)

    def exchange(self, rows: Tensor) -> "Context":
        """Go on from other hypotheses of the same sentences, by row (B·N,)."""
        state = tuple(part.index_select(1, rows) for part in self.state)
        return Context(state, self.memory, self.steps)


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
        vectors: VectorRows | None,
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
        self.attention: Attention | None = None
        if config.attention != "none":
            self.attention = ATTENTIONS[config.attention](
                query_size=config.decoder_hidden_size,
                key_size=encoder_size,
                hidden_size=config.decoder_hidden_size,
            )
            self.combine = Linear(config.embedding_dim + encoder_size, config.embedding_dim)
        self.mask_padding = config.mask_padding
        self.stepwise = config.cell_decoder or config.attention != "none"

    def start(self, encoded: Encoded, state: State, source_mask: Tensor) -> Context:
        """Make the first context from what was read and the state that the bridge made of it."""
        if self.attention is None:
            return Context(state, None)
        mask = source_mask if self.mask_padding else None
        # The sum that attention will make is linear too: so each output is mapped once, not summed
        # first and mapped at every step.
        values = linear(encoded.outputs, self._combine_parts()[1])
        return Context(state, self.attention.remember(encoded.outputs, values, mask))

    def embed(self, tokens: Tensor) -> Tensor:
        """Make of tokens (…) what they bring to the recurrent stack's input, (…, E)."""
        embedded: Tensor = self.embedding(tokens)
        if self.attention is None:
            return embedded
        return linear(embedded, self._combine_parts()[0], self.combine.bias)

    def embed_stepwise(self) -> Callable[[Tensor], Tensor]:
        """Return `embed` for the tokens of one step after the other, its weight's gradient in one.

        See `SteppedProduct`.
        """
        if self.attention is None:
            return self.embed
        product = SteppedProduct(self._combine_parts()[0], self.combine.bias)
        return lambda tokens: product(self.embedding(tokens))

    def _combine_parts(self) -> tuple[Tensor, Tensor]:
        """Part `combine` into what it does to a token, (E, E), and to what is seen, (E, K)."""
        of_token, of_seen = self.combine.weight.split(
            [self.combine.out_features, self.combine.in_features - self.combine.out_features], dim=1
        )
        return of_token, of_seen

    def forward(self, tokens: Tensor, context: Context) -> Decoded:
        """Read tokens (B, T)."""
        if tokens.shape[1] == 1 and not torch.is_grad_enabled():
            return self._step(tokens[:, 0], context)
        stack = self._fused(context)
        if stack is not None:
            if not self.stepwise or len(stack.layers) <= 2:  # which makes no difference, but speed
                stack = stack._replace(draws_by_layer=True)
            at_once = stack.draws_by_layer and stack.attention is None
            read_all = read if at_once else unroll
            return _decoded(read_all(stack, self.embed(tokens.t()), context.state), context)
        embedded = self.embed(tokens)
        if not self.stepwise:
            outputs, state = self.recurrent(embedded, context.state)
            return Decoded(outputs, Context(state, None), None)
        return self.follow(embedded, context)

    def follow(self, embedded: Tensor, context: Context) -> Decoded:
        """Read what tokens bring (B, T, E) one after the other, all gradients in view."""
        unrolling = self.unroll(context)
        for each in embedded.unbind(1):
            unrolling.read(each)
        return unrolling.decoded()

    def unroll(self, context: Context) -> "Unrolling":
        """Begin to read a sequence token by token, all its gradients in view."""
        return Unrolling(self, context)

    def choose(self, num_steps: int, context: Context, chooser: Chooser) -> Decoded:
        """Read a sequence whose tokens are chosen as it goes.

        Args:
            num_steps: T.
            context: to begin in.
            chooser: asked before each step.
        """
        stack, num_sentences = self._fused(context), context.state[0].shape[1]
        if stack is None:
            unrolling, embed, output = self.unroll(context), self.embed_stepwise(), None
            for number in range(num_steps):
                output = unrolling.read(embed(chooser(number, output)))
            return unrolling.decoded()
        tokens = torch.empty(num_steps, num_sentences, dtype=torch.int64)

        def feed(number: int, output: Tensor | None) -> Tensor:
            tokens[number] = chooser(number, output)
            return self.embed(tokens[number])

        used = list(self.embedding.parameters())
        used += [] if self.attention is None else list(self.combine.parameters())
        inputs = embedded_later(self.embed, used, tokens)
        return _decoded(unroll(stack, inputs, context.state, feed), context)

    def _fused(self, context: Context) -> Stack | None:
        """Return the recurrent stack as it is unrolled in few passes; None where it cannot be."""
        kernels = kernels_for(self.embedding.weight, *context.state)
        if kernels is None or (context.memory is not None and context.memory.compared is None):
            return None
        stepper = self.recurrent.stepper()
        if not CELLS[stepper.cell].num_kept:
            return None
        return Stack(
            kernels,
            stepper.cell,
            stepper.layers,
            stepper.dropout,
            draws_by_layer=False,
            attention=self.attention,
            memory=context.memory,
        )

    def _step(self, tokens: Tensor, context: Context) -> Decoded:
        """Read one token a sentence (B,), with a look at the memory before, without gradients."""
        embedded, memory = self.embed(tokens), context.memory
        stack = None if context.steps else self._fused(context)
        steps = Steps(stack) if stack else context.steps
        if steps is not None:
            taken = steps.take(embedded, context.state, memory)
            outputs, weights, state = taken.outputs[:, None], taken.weights, taken.state
        else:
            weights = None
            if self.attention is not None:
                top = context.state[0][-1]  # the hidden state, an LSTM's first part
                attended = self.attention(self.attention.to_query(top), memory)
                weights, embedded = attended.weights, embedded + attended.context
            outputs, state = self.recurrent(embedded[:, None], context.state)
        looked = None if weights is None else weights[:, None]
        return Decoded(outputs, Context(state, memory, steps), looked)


def _decoded(unrolled: Unrolled, context: Context) -> Decoded:
    """Put sentences first."""
    weights = None if unrolled.weights is None else unrolled.weights.transpose(0, 1)
    after = Context(unrolled.state, context.memory)
    return Decoded(unrolled.outputs.transpose(0, 1), after, weights)


class Unrolling:
    """A decoder on its way through one sequence: the same numbers as `_step` after `_step`."""

    def __init__(self, decoder: Decoder, context: Context) -> None:
        """Begin before the first token."""
        self._decoder = decoder
        self._memory = context.memory
        self._stepper = decoder.recurrent.stepper()
        num_layers = len(context.state[0])
        self._state = [tuple(part[layer] for part in context.state) for layer in range(num_layers)]
        self._outputs: list[Tensor] = []
        self._weights: list[Tensor] = []
        if decoder.attention is not None:
            to_query = decoder.attention.to_query
            self._to_query = SteppedProduct(to_query.weight, to_query.bias)

    def read(self, embedded: Tensor) -> Tensor:
        """Read what one token brings (B, E); return the top layer's output (B, H)."""
        attention = self._decoder.attention
        if attention is not None:
            attended = attention(self._to_query(self._state[-1][0]), self._memory)
            self._weights.append(attended.weights)
            embedded = embedded + attended.context
        self._state = self._stepper(embedded, self._state)
        self._outputs.append(self._state[-1][0])
        return self._outputs[-1]

    def decoded(self) -> Decoded:
        """Return what was read so far."""
        state = tuple(torch.stack(parts) for parts in zip(*self._state, strict=True))
        weights = torch.stack(self._weights, dim=1) if self._weights else None
        return Decoded(torch.stack(self._outputs, dim=1), Context(state, self._memory), weights)
