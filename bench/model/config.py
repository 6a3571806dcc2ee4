"""The [model] table of an experiment file."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from bench.data.config import STRICT

CellKind = Literal["rnn", "gru", "lstm"]
AttentionKind = Literal["none", "additive", "dot", "scaled_dot"]
EmbeddingInit = Literal["random", "fasttext", "shuffled"]
OutputWeights = Literal["untied", "tied", "lesson", "started_equal"]
Size = Annotated[int, Field(ge=1)]
Probability = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class ModelConfig:
    """One encoder–decoder.

    The defaults are the lesson's initial model, but for embeddings that begin at random, output
    weights of their own and padding that is masked.
    """

    cell: CellKind = "gru"
    """Recurrent cell, on both sides."""

    lstm_forget_bias: float = 1.0
    """Where an LSTM's forget gates begin: 1 lets it remember at first, as is usual; torch's own
    beginning, about 0, learns several times slower. Other cells have no such gate."""

    embedding_dim: Size = 300
    """Features per token vector."""

    hidden_size: Size = 256
    """Features per encoder state, per direction."""

    decoder_hidden_size: Size = 300
    """Features per decoder state; the lesson's is as wide as the embedding."""

    num_layers: Size = 2
    """Recurrent layers, on each side."""

    bidirectional: bool = False
    """Read the source in both directions; the two states are joined layer by layer."""

    attention: AttentionKind = "none"
    """What the decoder looks at while it writes: nothing but its state, or a weighted sum of the
    encoder's outputs; `additive` scores them as the lesson does, `dot` by a bilinear form,
    `scaled_dot` by the same over the root of the features."""

    cell_decoder: bool = False
    """Step the decoder through one-step cells instead of a sequence module: the same numbers."""

    mask_padding: bool = True
    """Leave padding out of the encoder's reading and of attention; the lesson's model reads it."""

    tie_output_weights: OutputWeights = "untied"
    """Whether the output matrix shares its numbers with the target embedding. `untied`: no.
    `tied`: they are one parameter. The lesson assigns one's `.data` to the other. On a CPU that
    makes two parameters over the same memory, each with an optimiser state of its own: `lesson`.
    On a GPU it makes two that are equal at first, then on their own: `started_equal`. For all but
    `untied`, where the decoder state is not as wide as the embedding, a projection without bias
    stands between."""

    output_std: Annotated[float, Field(ge=0)] = 0.0
    """Standard deviation at which an untied output matrix is drawn; 0 leaves torch's own, which is
    far smaller than that of embedding rows. The control for ties: they begin at embedding rows."""

    embedding_init: EmbeddingInit = "random"
    """Where embedding rows begin: drawn at random, at fastText vectors where there are any, or,
    `shuffled`, at the vectors of other words (the right deviation, the wrong meaning)."""

    embedding_init_sides: Literal["both", "source", "target"] = "both"
    """Whose rows begin at vectors; the other side's begin at random."""

    embedding_scale: Annotated[float, Field(gt=0)] | Literal["unit"] = 1.0
    """Factor on the vectors that rows begin at; `unit` brings them to the deviation of random
    rows. The lesson's is 3. Random rows are not scaled."""

    embedding_std: Annotated[float, Field(gt=0)] = 1.0
    """Standard deviation of random rows."""

    embedding_dropout: Probability = 0.15
    """Probability of zeroing a feature of a source embedding."""

    encoder_dropout: Probability = 0.25
    """Probability of zeroing a feature between the encoder's layers."""

    bridge_dropout: Probability = 0.0
    """Probability of zeroing a feature of the encoder's final state."""

    decoder_dropout: Probability = 0.1
    """Probability of zeroing a feature between the decoder's layers."""

    output_dropout: Probability = 0.35
    """Probability of zeroing a decoder state's feature before the output layer."""

    dropout_scale: Annotated[float, Field(ge=0)] = 1.0
    """One dial on all five dropouts: each is multiplied by it."""

    def __post_init__(self) -> None:
        for name in DROPOUTS:
            if getattr(self, name) * self.dropout_scale >= 1:
                raise ValueError(f"{name} × dropout_scale must stay below 1")
        if self.output_std and self.tie_output_weights != "untied":
            raise ValueError(
                "output_std is for an untied output matrix; a tied one begins elsewhere"
            )
        if self.embedding_init == "random" and self.embedding_scale != 1.0:
            raise ValueError("embedding_scale has nothing to scale while embedding_init is random")


DROPOUTS = (
    "embedding_dropout",
    "encoder_dropout",
    "bridge_dropout",
    "decoder_dropout",
    "output_dropout",
)
SIZES = frozenset(
    {
        "cell",
        "embedding_dim",
        "hidden_size",
        "decoder_hidden_size",
        "num_layers",
        "bidirectional",
        "attention",
        "tie_output_weights",
    }
)
"""Settings of a model that decide how many parameters it has."""
