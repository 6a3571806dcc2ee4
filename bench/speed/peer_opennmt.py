"""OpenNMT-py 3.5 (https://github.com/OpenNMT/OpenNMT-py) on the suite's sentences.

Its model, loss, optimiser and search are its own; batches are of like length, as its bucketing
makes them. Its encoder and decoder are of one width, and an encoder of two directions shares that
width among them: the model is smaller than the suite's.
"""

from pathlib import Path

import numpy as np
import torch
from onmt.model_builder import build_base_model
from onmt.opts import train_opts
from onmt.translate import GNMTGlobalScorer, Translator
from onmt.utils.loss import LossCompute
from onmt.utils.optimizers import Optimizer
from onmt.utils.parse import ArgumentParser
from peer_program import Sentences, serve
from pyonmttok import build_vocab_from_tokens

SPECIAL = ["<unk>", "<blank>", "<s>", "</s>"]


def vocabulary(size: int) -> object:
    """Make a vocabulary of as many tokens; which words they are does not matter."""
    words = [f"w{place}" for place in range(4, size)]
    made = build_vocab_from_tokens(words, special_tokens=SPECIAL)
    made.default_id = made["<unk>"]
    return made


def settings(sizes: dict) -> object:
    """Make its options that come nearest to the suite's: no input feeding, an MLP's attention."""
    model, training = sizes["model"], sizes["training"]
    parser = ArgumentParser()
    train_opts(parser)
    chosen = {
        "encoder_type": "brnn" if model["bidirectional"] else "rnn",
        "decoder_type": "rnn",
        "rnn_type": model["cell"].upper(),
        "layers": model["num_layers"],
        "word_vec_size": model["embedding_dim"],
        "hidden_size": model["decoder_hidden_size"],
        "input_feed": 0,
        "global_attention": "mlp",
        "dropout": model["encoder_dropout"] * model["dropout_scale"],
        "optim": "adam",
        "learning_rate": training["learning_rate"],
        "max_grad_norm": training["max_gradient_norm"],
    }
    given = [word for name, value in chosen.items() for word in (f"--{name}", str(value))]
    options, _ = parser.parse_known_args(["--data", "{}", "--src_vocab", "none", *given])
    ArgumentParser.update_model_opts(options)
    return options


class OpenNMT:
    """Trains as OpenNMT's `Trainer` does, and searches as its `Translator` does."""

    def __init__(self, folder: Path, sizes: dict) -> None:
        self.train, self.validation = Sentences(folder, "train"), Sentences(folder, "validation")
        self.vocabularies = {
            "src": vocabulary(sizes["source_tokens"]),
            "tgt": vocabulary(sizes["target_tokens"]),
            "data_task": "seq2seq",
            "decoder_start_token": "<s>",
        }
        self.options = settings(sizes)
        self.model = build_base_model(self.options, self.vocabularies)
        for parameter in self.model.parameters():  # as its `build_model` does: some hold no numbers
            torch.nn.init.uniform_(parameter, -self.options.param_init, self.options.param_init)
        self.loss = LossCompute.from_opts(self.options, self.model, self.vocabularies["tgt"])
        self.optimizer = Optimizer.from_opt(self.model, self.options)
        self.evaluation = sizes["evaluation"]
        self.size = sizes["training"]["batch_size"]
        self.order = np.random.default_rng(sizes["seed"])
        longest = np.maximum(self.train.lengths["source"], self.train.lengths["target"])
        by_length = np.argsort(longest, kind="stable")
        cuts = range(self.size, len(by_length), self.size)
        self.batches = np.split(by_length, list(cuts))
        self.waiting: list[np.ndarray] = []

    def step(self) -> int:
        """Take a step on the next batch."""
        if not self.waiting:
            self.waiting = [
                self.batches[place] for place in self.order.permutation(len(self.batches))
            ]
        chosen = self.waiting.pop()
        self.model.train()
        batch = collate(self.train, chosen)
        outputs, attended = self.model(batch["src"], batch["tgt"], batch["srclen"])
        loss, _ = self.loss(batch, outputs, attended)
        self.optimizer.zero_grad()
        self.optimizer.backward(loss / int((batch["tgt"][:, 1:, 0] != 1).sum()))
        self.optimizer.step()
        return len(chosen)

    def decode(self, chosen: np.ndarray, beam: int) -> int:
        """Search greedily or with a beam."""
        self.model.eval()
        scorer = GNMTGlobalScorer(self.evaluation["length_penalty"], 0.0, "avg", "none")
        translator = Translator(
            self.model, self.vocabularies, global_scorer=scorer, beam_size=beam,
            max_length=self.evaluation["max_length"], max_length_ratio=0, report_score=False,
        )  # fmt: skip
        with torch.no_grad():
            found = translator.translate_batch(
                {**collate(self.validation, chosen), "ind_in_bucket": chosen.tolist()},
                attn_debug=False,
            )
        return sum(len(best[0]) for best in found["predictions"])


def collate(sentences: Sentences, chosen: np.ndarray) -> dict:
    """Make one of its batches."""
    source = sentences.pad("source", chosen, begin=False)
    target = sentences.pad("target", chosen, begin=True)
    return {
        "src": source.tokens[:, :, None],
        "srclen": source.lengths,
        "tgt": target.tokens[:, :, None],
    }


serve(OpenNMT, "OpenNMT-py")
