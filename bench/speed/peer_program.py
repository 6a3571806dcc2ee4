"""What the programs of other toolkits have in common: sentences, and how they are spoken to.

Such a program is run by the interpreter of its toolkit's environment, with this folder on its path,
and imports nothing else of the suite.
"""

import json
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

UNK, PAD, BOS, EOS = range(4)
"""Of both toolkits."""
FROM_OURS = (BOS, PAD, EOS, UNK)
"""The suite's first four tokens in theirs; all others have the same number."""


class Padded(NamedTuple):
    """One side of a batch."""

    tokens: torch.Tensor  # (B, S) token ids
    lengths: torch.Tensor  # (B,)


class Sentences:
    """One split, as the suite handed it over."""

    def __init__(self, folder: Path, split: str) -> None:
        self._flat = dict(np.load(folder / f"{split}.npz"))
        self.lengths = {side: self._flat[f"{side}_lengths"] for side in ("source", "target")}

    def __len__(self) -> int:
        return len(self.lengths["source"])

    def pad(self, side: str, chosen: np.ndarray, *, begin: bool) -> Padded:
        """Pad some sentences of one side, with a begin token before them or not."""
        rows = []
        starts = self._flat[f"{side}_offsets"][chosen]
        for start, length in zip(starts, self.lengths[side][chosen], strict=True):
            ours = self._flat[f"{side}_token_ids"][start : start + length].tolist()
            tokens = [FROM_OURS[token] if token < len(FROM_OURS) else token for token in ours]
            rows.append([BOS, *tokens] if begin else tokens)
        longest = max(map(len, rows))
        padded = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
        return Padded(padded, torch.tensor([len(row) for row in rows]))

    def sorted_batches(self, size: int) -> Iterator[np.ndarray]:
        """Yield all sentences once, longest sources first."""
        order = np.argsort(-self.lengths["source"], kind="stable")
        for start in range(0, len(order), size):
            yield order[start : start + size]


class Toolkit(Protocol):
    """What a toolkit does when told."""

    def step(self) -> int:
        """Take a training step, and return how many pairs it saw."""

    def decode(self, chosen: np.ndarray, beam: int) -> int:
        """Translate some validation sentences, and return how many tokens came of it."""


def serve(open_toolkit: Callable[[Path, dict[str, Any]], Toolkit], package: str) -> None:
    """Train and decode as told, line by line, until standard input ends.

    First it says, in JSON, which versions it has of its package and of what that stands on.
    `train N` takes N steps and answers with pairs per second. `decode BEAM` translates the
    validation split and answers with sentences per second and tokens per sentence.
    """
    folder = Path(sys.argv[1])
    sizes = json.loads((folder / "sizes.json").read_text("utf-8"))
    torch.set_num_threads(sizes["threads"])
    torch.manual_seed(sizes["seed"])
    torch.set_flush_denormal(True)
    toolkit = open_toolkit(folder, sizes)
    validation = Sentences(folder, "validation")
    versions = {name: version(name) for name in (package, "torch", "numpy")}
    versions["python"] = platform.python_version()
    print(json.dumps(versions), flush=True)  # noqa: T201 - how it speaks
    for line in sys.stdin:
        order, number = line.split()
        started = perf_counter()
        if order == "train":
            pairs = sum(toolkit.step() for _ in range(int(number)))
            answer = f"{pairs / (perf_counter() - started)}"
        else:
            batches = validation.sorted_batches(sizes["evaluation"]["batch_size"])
            tokens = sum(toolkit.decode(chosen, int(number)) for chosen in batches)
            rate = len(validation) / (perf_counter() - started)
            answer = f"{rate} {tokens / len(validation)}"
        print(answer, flush=True)  # noqa: T201
