"""A device is held against the CPU before any of its figures is accepted.

Some have computed recurrent cells wrongly without a word:
https://github.com/pytorch/pytorch/issues/92615.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from bench.data.batching import Batch, collate
from bench.data.corpus import SentencePair
from bench.data.prepared import EncodedSplit, FlatSentences
from bench.data.vocabulary import EOS_ID, SPECIALS
from bench.errors import BenchError
from bench.model.cells import CELLS
from bench.model.config import CellKind, ModelConfig
from bench.model.seq2seq import Seq2Seq
from bench.training.config import TrainingConfig
from bench.training.device import computing
from bench.training.trainer import batch_loss

CPU = torch.device("cpu")
NUM_TOKENS = 20
TOLERANCE = 1e-3
"""Of what is compared, as a length; sums in another order differ by a hundredth of that."""
SMALL = ModelConfig(
    embedding_dim=8,
    hidden_size=8,
    decoder_hidden_size=8,
    bidirectional=True,
    attention="additive",
    dropout_scale=0.0,
)
EXACT = TrainingConfig(precision="float32")


@cache
def require_agreement(device: torch.device) -> None:
    """Compare losses and gradients of small models on a device with the CPU's, once a process.

    The CPU itself is taken at its word.

    Raises:
        BenchError: when they differ by more than rounding.
    """
    for cell in CELLS if device != CPU else ():
        found, expected = (_loss_and_gradient(cell, place) for place in (device, CPU))
        for what in ("loss", "gradient"):
            error = float((found[what] - expected[what]).norm() / expected[what].norm())
            if not error <= TOLERANCE:  # nor if it is no number
                raise BenchError(
                    f"{device} does not compute as the CPU does: the {what} of a small model with "
                    f"cell {cell} is off by {error:.1%}; nothing is trained on it"
                )


def _loss_and_gradient(cell: CellKind, device: torch.device) -> dict[str, Tensor]:
    """Return the loss of some sentences and its gradient, end to end, moved to the CPU."""
    model = Seq2Seq(
        replace(SMALL, cell=cell), source_tokens=NUM_TOKENS, target_tokens=NUM_TOKENS, seed=0
    ).to(device)
    with computing(device, EXACT.precision):
        loss = batch_loss(model, _some_sentences().to(device), EXACT, forced=None)
        loss.backward()
    gradients = [each.grad.flatten() for each in model.parameters() if each.grad is not None]
    return {"loss": loss.detach().cpu(), "gradient": torch.cat(gradients).cpu()}


def _some_sentences() -> Batch:
    draw = np.random.default_rng(0)
    source, target = (
        FlatSentences.from_lists(
            [
                [*draw.integers(len(SPECIALS), NUM_TOKENS, size=length).tolist(), EOS_ID]
                for length in lengths
            ]
        )
        for lengths in ((3, 5, 9, 4), (4, 4, 7, 6))
    )
    split = EncodedSplit(source, target, [SentencePair("", "")] * 4)
    return collate(split, np.arange(4))
