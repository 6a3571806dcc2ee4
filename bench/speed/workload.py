"""A variant at work for a while, its seconds counted by part."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch

from bench.data.batching import Batch, TrainingBatches, sorted_batches
from bench.data.prepared import PreparedCorpus
from bench.engine.execution import build_model
from bench.errors import ConfigError
from bench.evaluation.decoding import decode
from bench.experiment.planning import RunSpec
from bench.speed.arithmetic import Product, count_operations, list_products
from bench.training.device import autocast, computing, in_precision, product_dtype
from bench.training.loss import output_loss
from bench.training.optimization import build_optimizer
from bench.training.trainer import clip

DEALT = 500
"""Batches of an epoch that are dealt out evenly at a time."""


@dataclass(slots=True)
class Parts:
    """Seconds of training by what they went into."""

    data: float = 0.0
    """Drawing and padding batches, bringing them to the device."""
    recurrence: float = 0.0
    """Embeddings, encoder, attention and decoder, there and back."""
    output: float = 0.0
    """Output matrix and loss, there and back."""
    optimizer: float = 0.0
    """Clipping and Adam."""

    @property
    def total(self) -> float:
        """Return the sum."""
        return self.data + self.recurrence + self.output + self.optimizer


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What some training steps took."""

    pairs: int
    operations: float
    seconds: float
    parts: Parts | None
    """Where the seconds went; None where that was not asked for, and would have taken longer."""

    @property
    def pairs_per_second(self) -> float:
        """Return the speed."""
        return self.pairs / self.seconds


class _Watch:
    """Counts the seconds since it was last looked at into one part or another."""

    def __init__(self, parts: Parts, now: Callable[[], float]) -> None:
        self._parts, self._now, self._last = parts, now, now()

    def lap(self, part: str) -> None:
        """Count them into a part."""
        now = self._now()
        setattr(self._parts, part, getattr(self._parts, part) + now - self._last)
        self._last = now


class Decoding(NamedTuple):
    """What translating the validation split once took."""

    sentences_per_second: float
    tokens_per_sentence: float
    """End tokens counted."""


def deal_evenly(batches: Iterable[Batch]) -> list[Batch]:
    """Order batches so that any few in a row are of all lengths alike.

    A batch of like length has long sentences or short ones, and ten in the order they are trained
    in may take a third longer than ten others. Here each long one is followed by one as short, and
    the next two stand as far along those ordered by length as multiples of the golden ratio do
    beyond a whole number, which are spread evenly.
    """
    by_length = sorted(batches, key=lambda batch: batch.num_target_tokens)
    num_pairs = len(by_length) // 2
    golden = (5**0.5 - 1) / 2
    ranks = (np.arange(num_pairs) * golden % 1).argsort().argsort()
    dealt = [by_length[place] for rank in ranks for place in (rank, -1 - rank)]
    return dealt + by_length[num_pairs : len(by_length) - num_pairs]


def endless_batches(spec: RunSpec, data: PreparedCorpus, device: torch.device) -> Iterator[Batch]:
    """Yield a run's batches on a device, epoch after epoch, dealt out evenly."""
    training = data.load_split("train")
    batches = TrainingBatches(training, batch_size=spec.config.training.batch_size, seed=spec.seed)
    for epoch in count(1):
        in_order = batches.epoch(epoch, device)
        while some := deal_evenly(islice(in_order, DEALT)):
            yield from some


class Workload:
    """A variant's training, some batches at a time: the steps of `bench.training.trainer`.

    The reference is fed at every position, and turns are alike in the lengths of their sentences.
    """

    def __init__(self, spec: RunSpec, data: PreparedCorpus, device: torch.device) -> None:
        """Build the model and its optimiser.

        Raises:
            ConfigError: for a loss over every position, whose cost is another.
        """
        if spec.config.training.loss != "real_tokens":
            raise ConfigError(
                f"{spec.variant} asks for the loss of {spec.config.training.loss}, and what is "
                "measured is that of real tokens; --set training.loss=real_tokens measures it so"
            )
        self.config = spec.config
        self.model = build_model(spec, data).to(device).train()
        self.device = device
        self._target_tokens = len(data.target_vocabulary)
        self._validation = data.load_split("validation")
        self._optimizer = build_optimizer(self.model, spec.config.training)
        self._batches = endless_batches(spec, data, device)

    def train(self, num_batches: int, *, by_part: bool = False) -> Round:
        """Take some steps.

        Args:
            num_batches: how many.
            by_part: whether to tell where the seconds went. A GPU is waited for between the parts
                then, and the next one's work does not begin meanwhile; a CPU tells anyway.
        """
        by_part |= self.device.type == "cpu"
        self.model.train()
        parts = Parts()
        started = self._finished()
        watch = _Watch(parts, self._finished if by_part else perf_counter)
        with computing(self.device, self.config.training.precision):
            taken = [self._step(watch) for _ in range(num_batches)]
        seconds = self._finished() - started
        arithmetic = (
            count_operations(self.config.model, batch, target_tokens=self._target_tokens)
            for batch in taken
        )
        return Round(
            pairs=sum(len(batch.indices) for batch in taken),
            operations=sum(each.total for each in arithmetic),
            seconds=seconds,
            parts=parts if by_part else None,
        )

    def products(self) -> list[Product]:
        """List the matrix products of a forward pass on one batch."""
        batch = next(self._batches)
        return list_products(self.config.model, batch, target_tokens=self._target_tokens)

    def decode(self, beam: int) -> Decoding:
        """Translate the validation split, greedily or with a beam."""
        config = replace(self.config.evaluation, beam_size=beam)
        self.model.eval()
        started, num_tokens = perf_counter(), 0
        precision = self.config.training.precision
        with (
            computing(self.device, precision),
            in_precision(self.model, precision) as model,
        ):
            for batch in sorted_batches(self._validation, batch_size=config.batch_size):
                moved = batch.to(self.device)
                found = decode(model, moved.source, moved.source_lengths, config)
                num_tokens += sum(len(tokens) + 1 for tokens in found)
        seconds = perf_counter() - started
        self.model.train()
        return Decoding(len(self._validation) / seconds, num_tokens / len(self._validation))

    def _step(self, watch: _Watch) -> Batch:
        """Take a step; return its batch."""
        batch, training = next(self._batches), self.config.training
        watch.lap("data")
        with autocast(self.device, training.precision):
            features = self.model.features(batch)
        cut = features.detach().requires_grad_()
        watch.lap("recurrence")
        loss = output_loss(
            cut,
            self.model.output.linear,
            batch.real_targets,
            label_smoothing=training.label_smoothing,
            dtype=product_dtype(self.device, training.precision),
        )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        watch.lap("output")
        features.backward(cut.grad)
        watch.lap("recurrence")
        clip(self.model, training.max_gradient_norm)
        self._optimizer.step()
        watch.lap("optimizer")
        return batch

    def _finished(self) -> float:
        """Return the time, once the device has done all it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return perf_counter()
