"""Others that train such models, on the same sentences."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from types import MappingProxyType
from typing import Protocol

import numpy as np
import torch

from bench.data.batching import sorted_batches
from bench.data.corpus import SplitName
from bench.data.prepared import PreparedCorpus
from bench.data.vocabulary import EOS_ID
from bench.errors import BenchError, ConfigError
from bench.experiment.planning import RunSpec
from bench.speed.lesson import Lesson
from bench.speed.workload import Decoding, endless_batches
from bench.training.device import computing

SHOWN: tuple[SplitName, ...] = ("train", "validation")
"""What a toolkit gets to see."""


ATTENTION = {
    "lesson": ("none", "additive"),
    "joeynmt": ("additive",),
    "opennmt": ("additive",),
}
"""What each one's models look at while they write."""


class Peer(Protocol):
    """Trains a model of the same kind and sizes."""

    name: str
    versions: Mapping[str, str]
    """Of its package and of what that stands on; empty where the suite's own are used."""

    def train(self, num_batches: int) -> float:
        """Take some steps, and return pairs per second."""

    def decode(self, beam: int) -> Decoding | None:
        """Translate the validation split; None if it cannot search so wide."""


class LessonPeer:
    """The lesson's own code: float32, plain Adam, no clipping, the same batches as ours.

    Those are as near in length as the lesson's. It decodes until every sentence of a batch has said
    padding, as the lesson does.
    """

    name = "lesson"
    versions: Mapping[str, str] = MappingProxyType({})

    def __init__(self, spec: RunSpec, data: PreparedCorpus, device: torch.device) -> None:
        """Build its model and optimiser."""
        self._spec, self._device = spec, device
        self._model = Lesson(
            spec.config.model,
            source_tokens=len(data.source_vocabulary),
            target_tokens=len(data.target_vocabulary),
        ).to(device)
        training = spec.config.training
        self._optimizer = torch.optim.Adam(
            self._model.parameters(),
            lr=training.learning_rate,
            betas=(training.adam_beta1, training.adam_beta2),
        )
        self._validation = data.load_split("validation")
        self._batches = endless_batches(spec, data, device)

    @torch.inference_mode()
    def decode(self, beam: int) -> Decoding | None:
        """Translate the validation split greedily."""
        if beam > 1:
            return None
        with computing(self._device, "float32"):
            return self._decode()

    def _decode(self) -> Decoding:
        config = self._spec.config.evaluation
        self._model.eval()
        started, num_tokens = perf_counter(), 0
        for batch in sorted_batches(self._validation, batch_size=config.batch_size):
            source = batch.source.to(self._device)
            said = self._model(source, None, max_length=config.max_length).argmax(-1)
            over = torch.cat([said == EOS_ID, torch.ones_like(said[:, :1]) > 0], 1).int()
            num_tokens += int((over.argmax(1) + 1).clamp(max=said.shape[1]).sum())
        seconds = perf_counter() - started
        self._model.train()
        return Decoding(len(self._validation) / seconds, num_tokens / len(self._validation))

    def train(self, num_batches: int) -> float:
        """Take some steps, and return pairs per second."""
        with computing(self._device, "float32"):
            return self._train(num_batches)

    def _train(self, num_batches: int) -> float:
        started, pairs = perf_counter(), 0
        for _ in range(num_batches):
            batch = next(self._batches)
            loss = self._model.loss(batch.source, batch.target)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            pairs += len(batch.indices)
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return pairs / (perf_counter() - started)


@contextmanager
def open_peer(
    name: str | None,
    spec: RunSpec,
    data: PreparedCorpus,
    device: torch.device,
    *,
    python: Path | None,
) -> Iterator[Peer | None]:
    """Open the peer of that name, and end it afterwards; None for nobody.

    Raises:
        ConfigError: when it needs an environment of its own and none is named, or has no such
            model, or computes elsewhere.
    """
    if name is None:
        yield None
        return
    attention = spec.config.model.attention
    if attention not in ATTENTION[name]:
        raise ConfigError(
            f"{name} has no model with attention {attention}, such as {spec.variant}: with "
            f"{' or '.join(ATTENTION[name])} it may be compared"
        )
    if name == "lesson":
        yield LessonPeer(spec, data, device)
    else:
        if python is None:
            raise ConfigError(
                f"--against {name} needs --peer-python, the interpreter of an environment in which "
                f"{name} is installed"
            )
        if device.type != "cpu":
            raise ConfigError(f"{name} is measured on the CPU; --device cpu measures both there")
        with TemporaryDirectory() as folder:
            peer = ProgramPeer(name, spec, data, python=python, folder=Path(folder))
            try:
                yield peer
            finally:
                peer.end()


class ProgramPeer:
    """A toolkit in a process and an environment of its own, told line by line when to train."""

    def __init__(
        self, name: str, spec: RunSpec, data: PreparedCorpus, *, python: Path, folder: Path
    ) -> None:
        """Hand it the sentences and sizes, and wait until it is ready."""
        self.name = name
        for kind in SHOWN:
            split = data.load_split(kind)
            np.savez(
                folder / f"{kind}.npz",
                **{
                    f"{side}_{part}": getattr(getattr(split, side), part)
                    for side in ("source", "target")
                    for part in ("token_ids", "offsets", "lengths")
                },
            )
        model, training = spec.config.model, spec.config.training
        sizes = {
            "source_tokens": len(data.source_vocabulary),
            "target_tokens": len(data.target_vocabulary),
            "threads": torch.get_num_threads(),
            "seed": spec.seed,
            "model": asdict(model),
            "training": asdict(training),
            "evaluation": asdict(spec.config.evaluation),
        }
        (folder / "sizes.json").write_text(json.dumps(sizes), "utf-8")
        program = Path(__file__).with_name(f"peer_{name}.py")
        self._process = subprocess.Popen(
            [str(python), str(program), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.versions: Mapping[str, str] = json.loads(self._read())

    def train(self, num_batches: int) -> float:
        """Take some steps, and return pairs per second."""
        return float(self._ask(f"train {num_batches}"))

    def decode(self, beam: int) -> Decoding | None:
        """Translate the validation split."""
        return Decoding(*map(float, self._ask(f"decode {beam}").split()))

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _ask(self, order: str) -> str:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, as reading will say
            self._process.stdin.write(f"{order}\n")
            self._process.stdin.flush()
        return self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(f"{self.name} has ended; what it said is above")
        return line
