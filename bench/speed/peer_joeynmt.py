"""JoeyNMT (https://github.com/joeynmt/joeynmt) on the suite's sentences.

Run by the interpreter of an environment that has JoeyNMT; it imports nothing of the suite. Its
model, batch, loss and optimiser are its own; batches are drawn in random order, as its loader does.
Reads a number of steps from each line of standard input, takes them, and writes pairs per second.
"""

import json
import sys
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace

import numpy as np
import torch
from joeynmt.batch import Batch
from joeynmt.builders import build_optimizer
from joeynmt.model import build_model
from joeynmt.vocabulary import Vocabulary

UNK, PAD, BOS, EOS = range(4)
FROM_OURS = (BOS, PAD, EOS, UNK)
"""The suite's first four tokens in JoeyNMT's numbers; all others have the same number."""
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


class Trainer:
    """Trains some steps at a time, as JoeyNMT's own `_train_step` does."""

    def __init__(self, folder: Path) -> None:
        sizes = json.loads((folder / "sizes.json").read_text("utf-8"))
        torch.set_num_threads(sizes["threads"])
        torch.manual_seed(sizes["seed"])
        self.flat = dict(np.load(folder / "sentences.npz"))
        self.model = build(sizes).train()
        self.clip = sizes["training"]["max_gradient_norm"]
        self.size = sizes["training"]["batch_size"]
        rate = sizes["training"]["learning_rate"]
        self.optimizer = build_optimizer(
            {"optimizer": "adam", "learning_rate": rate}, self.model.parameters()
        )
        self.order = np.random.default_rng(sizes["seed"])
        self.waiting = np.empty(0, dtype=np.int64)

    def train(self, num_batches: int) -> float:
        """Take some steps, and return pairs per second."""
        started, pairs = perf_counter(), 0
        for _ in range(num_batches):
            batch = self.draw()
            pairs += batch.nseqs
            batch.sort_by_src_length()
            loss, _, _, _ = self.model(return_type="loss", **vars(batch))
            loss = batch.normalize(loss, normalization="tokens", n_gpu=0, n_accumulation=1)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
            self.optimizer.step()
            self.optimizer.zero_grad()
        return pairs / (perf_counter() - started)

    def draw(self) -> Batch:
        """Draw the next batch."""
        if len(self.waiting) < self.size:
            self.waiting = self.order.permutation(len(self.flat["source_lengths"]))
        chosen, self.waiting = self.waiting[: self.size], self.waiting[self.size :]
        source, lengths = self.pad("source", chosen, begin=False)
        target, _ = self.pad("target", chosen, begin=True)
        return Batch(
            src=source, src_length=lengths, src_prompt_mask=None, trg=target,
            trg_prompt_mask=None, indices=torch.from_numpy(chosen), device=torch.device("cpu"),
            pad_index=PAD, eos_index=EOS, is_train=True,
        )  # fmt: skip

    def pad(self, side: str, chosen: np.ndarray, *, begin: bool) -> tuple:
        """Pad some sentences of one side, with a begin token before them or not."""
        rows = []
        for start, length in zip(
            self.flat[f"{side}_offsets"][chosen], self.flat[f"{side}_lengths"][chosen], strict=True
        ):
            ours = self.flat[f"{side}_token_ids"][start : start + length].tolist()
            tokens = [FROM_OURS[token] if token < len(FROM_OURS) else token for token in ours]
            rows.append([BOS, *tokens] if begin else tokens)
        longest = max(map(len, rows))
        padded = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
        return padded, torch.tensor([len(row) for row in rows])


def main() -> None:
    """Train as told, until standard input ends."""
    trainer = Trainer(Path(sys.argv[1]))
    print("ready", flush=True)  # noqa: T201 - how it speaks
    for line in sys.stdin:
        print(trainer.train(int(line)), flush=True)  # noqa: T201


main()
