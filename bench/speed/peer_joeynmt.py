"""JoeyNMT (https://github.com/joeynmt/joeynmt) on the suite's sentences.

Its model, batch, loss, optimiser and search are its own; batches are drawn in random order, as its
loader does.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from joeynmt.batch import Batch
from joeynmt.builders import build_optimizer
from joeynmt.model import build_model
from joeynmt.search import search
from joeynmt.vocabulary import Vocabulary
from peer_program import BOS, EOS, PAD, UNK, Sentences, serve

SPECIAL = SimpleNamespace(
    unk_token="<unk>", pad_token="<pad>", bos_token="<s>", eos_token="</s>", sep_token=None,
    unk_id=UNK, pad_id=PAD, bos_id=BOS, eos_id=EOS, sep_id=None, lang_tags=[],
)  # fmt: skip


def vocabulary(size: int) -> Vocabulary:
    """Make a vocabulary of as many tokens; which words they are does not matter."""
    return Vocabulary([f"w{place}" for place in range(4, size)], SPECIAL)


def build(sizes: dict) -> torch.nn.Module:
    """Build the model that comes nearest to the suite's: no input feeding, Bahdanau's attention."""
    model = sizes["model"]
    scale = model["dropout_scale"]
    source, target = vocabulary(sizes["source_tokens"]), vocabulary(sizes["target_tokens"])
    shared = {"type": "recurrent", "rnn_type": model["cell"], "num_layers": model["num_layers"]}
    config = {
        "initializer": "xavier_uniform",
        "encoder": {
            **shared,
            "embeddings": {
                "embedding_dim": model["embedding_dim"],
                "dropout": model["embedding_dropout"] * scale,
            },
            "hidden_size": model["hidden_size"],
            "bidirectional": model["bidirectional"],
            "dropout": model["encoder_dropout"] * scale,
        },
        "decoder": {
            **shared,
            "embeddings": {"embedding_dim": model["embedding_dim"], "dropout": 0.0},
            "hidden_size": model["decoder_hidden_size"],
            "dropout": model["decoder_dropout"] * scale,
            "hidden_dropout": model["output_dropout"] * scale,
            "input_feeding": False,
            "init_hidden": "bridge",
            "attention": "bahdanau",
        },
    }
    built = build_model(config, source, target)
    built.loss_function = ("crossentropy", 0.0)
    return built


class JoeyNMT:
    """Trains as JoeyNMT's own `_train_step` does, and searches as its `predict` does."""

    def __init__(self, folder: Path, sizes: dict) -> None:
        self.train, self.validation = Sentences(folder, "train"), Sentences(folder, "validation")
        self.model = build(sizes)
        self.clip = sizes["training"]["max_gradient_norm"]
        self.size = sizes["training"]["batch_size"]
        self.max_length = sizes["evaluation"]["max_length"]
        self.length_penalty = sizes["evaluation"]["length_penalty"]
        rate = sizes["training"]["learning_rate"]
        self.optimizer = build_optimizer(
            {"optimizer": "adam", "learning_rate": rate}, self.model.parameters()
        )
        self.order = np.random.default_rng(sizes["seed"])
        self.waiting = np.empty(0, dtype=np.int64)

    def step(self) -> int:
        """Take a step on the next batch."""
        if len(self.waiting) < self.size:
            self.waiting = self.order.permutation(len(self.train))
        chosen, self.waiting = self.waiting[: self.size], self.waiting[self.size :]
        batch = collate(self.train, chosen, is_train=True)
        self.model.train()
        loss, _, _, _ = self.model(return_type="loss", **vars(batch))
        loss = batch.normalize(loss, normalization="tokens", n_gpu=0, n_accumulation=1)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return batch.nseqs

    def decode(self, chosen: np.ndarray, beam: int) -> int:
        """Search greedily or with a beam."""
        batch = collate(self.validation, chosen, is_train=False)
        self.model.eval()
        with torch.no_grad():
            found, _, _ = search(
                self.model, batch, max_output_length=self.max_length, beam_size=beam,
                beam_alpha=self.length_penalty, n_best=1,
            )  # fmt: skip
        rows = [row.tolist() for row in found]
        return sum(row.index(EOS) + 1 if EOS in row else len(row) for row in rows)


def collate(sentences: Sentences, chosen: np.ndarray, *, is_train: bool) -> Batch:
    """Make one of its batches."""
    source = sentences.pad("source", chosen, begin=False)
    target = sentences.pad("target", chosen, begin=True)
    batch = Batch(
        src=source.tokens, src_length=source.lengths, src_prompt_mask=None, trg=target.tokens,
        trg_prompt_mask=None, indices=torch.from_numpy(chosen), device=torch.device("cpu"),
        pad_index=PAD, eos_index=EOS, is_train=is_train,
    )  # fmt: skip
    batch.sort_by_src_length()
    return batch


serve(JoeyNMT, "joeynmt")
