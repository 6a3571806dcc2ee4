"""Measuring speed: of the same steps, against peers that compute the same."""

import multiprocessing
import platform
import sys
from contextlib import nullcontext
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from torch.utils.flop_counter import FlopCounterMode

from bench.compiled.library import reference_only
from bench.data.batching import Batch, TrainingBatches, collate
from bench.data.prepared import PreparedCorpus
from bench.engine.execution import build_model
from bench.engine.executors.serial import SerialExecutor
from bench.engine.scheduling import run_all
from bench.errors import BenchError, ConfigError
from bench.model import products
from bench.model.config import AttentionKind, ModelConfig
from bench.speed import peers, recording
from bench.speed.arithmetic import count_operations
from bench.speed.lesson import Lesson
from bench.speed.measurement import measure
from bench.speed.peers import LessonPeer, ProgramPeer, open_peer
from bench.speed.side_by_side import side_by_side
from bench.speed.workload import Workload, deal_evenly
from bench.tracking.mlflow_tracker import MlflowTracker
from bench.tracking.provenance import provenance
from bench.training.optimization import build_optimizer
from bench.training.trainer import batch_loss, update
from tests.conftest import TINY, build
from tests.engine.test_scheduling import TRAINING, spec

CPU = torch.device("cpu")
MODELS = {
    "gru": TINY,
    "rnn": replace(TINY, cell="rnn", bidirectional=True),
    "attention": replace(TINY, attention="additive", bidirectional=True),
}
NAMES = {  # the lesson's layers, and ours
    "source_embedding": "encoder.embedding",
    "target_embedding": "decoder.embedding",
    "encoder": "encoder.recurrent.stack",
    "decoder": "decoder.recurrent.stack",
    "bridge": "bridge.maps.0",
    "output": "output.linear",
    "to_keys": "decoder.attention.to_keys",
    "to_query": "decoder.attention.to_query",
    "score": "decoder.attention.score",
    "combine": "decoder.combine",
}


@pytest.mark.parametrize("name", ["gru", "attention"])
def test_the_lesson_computes_what_the_suite_does(digits: PreparedCorpus, name: str) -> None:
    """With the same weights its loss is the suite's over every position, to 1e-5."""
    config = replace(MODELS[name], mask_padding=False)
    ours = build(digits, config).eval()
    lesson = Lesson(
        config,
        source_tokens=len(digits.source_vocabulary),
        target_tokens=len(digits.target_vocabulary),
    ).eval()
    weights = ours.state_dict()
    lesson.load_state_dict(
        {
            key: weights[NAMES[key.partition(".")[0]] + "." + key.partition(".")[2]]
            for key in lesson.state_dict()
        }
    )
    split = digits.load_split("train")
    order = np.argsort(split.source.lengths, kind="stable")
    batch = collate(split, order[:: len(order) // 5][:5])

    with torch.no_grad():
        logits = lesson(batch.source, batch.target, max_length=0)
        forced = [True] * batch.target.shape[1]
        expected = ours(batch, forced=forced, everywhere=True)

    told = expected.abs().sum(-1) > 0  # the suite stops where all have said padding
    torch.testing.assert_close(logits[told], expected[told], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS.keys())
def test_operations_are_those_that_torch_counts(
    digits: PreparedCorpus, config: ModelConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the forward pass, a third of all, on a batch without padding.

    Torch does not count inside an LSTM, which has four gates where a GRU has three, nor what
    another library multiplies.
    """
    monkeypatch.setattr(products, "product_library", lambda: "torch")
    split = digits.load_split("train")
    lengths = list(zip(split.source.lengths, split.target.lengths, strict=True))
    alike = [place for place, each in enumerate(lengths) if each == lengths[0]][:6]
    batch = collate(split, np.array(alike))
    model = build(digits, config).eval()

    with FlopCounterMode(display=False) as counted, torch.no_grad(), reference_only():
        model(batch)
    maps = sum(each.weight.numel() for each in model.bridge.maps)  # too little to be counted
    bridge = 2 * len(alike) * maps * TINY.num_layers
    found = count_operations(config, batch, target_tokens=len(digits.target_vocabulary))

    assert found.total / 3 + bridge == pytest.approx(counted.get_total_flops(), rel=0.01)


def test_the_steps_measured_are_those_of_training(digits: PreparedCorpus) -> None:
    """After three of them the weights are the trainer's."""
    run = spec(digits)
    measured = Workload(run, digits, CPU)

    torch.manual_seed(1)
    done = measured.train(3)

    model = build_model(run, digits).train()
    optimizer = build_optimizer(model, run.config.training)
    batches = TrainingBatches(
        digits.load_split("train"), batch_size=run.config.training.batch_size, seed=run.seed
    )
    torch.manual_seed(1)
    for batch in deal_evenly(batches.epoch(1))[:3]:
        update(model, optimizer, batch_loss(model, batch, run.config.training, forced=None),
               run.config.training)  # fmt: skip
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(measured.model.state_dict()[name], weight, msg=name)
    parts = done.parts
    assert parts is not None
    assert done.seconds * 0.8 < parts.total <= done.seconds
    assert done.pairs == 3 * run.config.training.batch_size
    assert min(parts.data, parts.recurrence, parts.output, parts.optimizer) > 0


def test_a_loss_that_is_not_measured_is_refused(digits: PreparedCorpus) -> None:
    """Its cost would be another's."""
    asked = spec(digits, training=replace(TRAINING, loss="every_position"))

    with pytest.raises(ConfigError, match="=real_tokens measures it so"):
        Workload(asked, digits, CPU)


def test_the_lesson_trains_on_fewer_sentences_than_a_batch_holds(digits: PreparedCorpus) -> None:
    """On all of them, again and again."""
    large = spec(digits, training=replace(TRAINING, batch_size=5_000))

    assert LessonPeer(large, digits, CPU).train(2) > 0


def test_turns_are_alike_in_their_lengths() -> None:
    """Any ten batches in a row have the mean length of all within a tenth; none is lost."""
    lengths = np.random.default_rng(1).integers(5, 50, 201)
    ones = [
        Batch(torch.ones(1, n), torch.ones(1, n), torch.tensor([n]), torch.arange(n), [place])
        for place, n in enumerate(lengths.tolist())
    ]

    dealt = deal_evenly(ones)

    assert sorted(batch.indices[0] for batch in dealt) == list(range(201))
    found = np.array([batch.num_target_tokens for batch in dealt])
    means = np.convolve(found, np.ones(10) / 10, mode="valid")
    np.testing.assert_allclose(means, lengths.mean(), rtol=0.1)


@pytest.mark.slow
def test_a_measurement_says_how_it_was_in_turns(digits: PreparedCorpus) -> None:
    """Medians with their spread, shares that make a whole, a ratio per round."""
    run = spec(digits)

    found = measure(
        run, digits, CPU, peer=LessonPeer(run, digits, CPU), num_rounds=3, num_batches=2,
        say=lambda _: None,
    )  # fmt: skip

    assert (
        found.pairs_per_second.low <= found.pairs_per_second.median <= found.pairs_per_second.high
    )
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.peer == "lesson"
    assert found.ratio is not None
    assert found.ratio.low > 0
    assert set(found.peak) == {"float32", "bfloat16", "float32 here", "bfloat16 here"}
    assert 0 < found.operations_per_second < found.peak["float32"]
    assert set(found.reached) == {"float32", "float32 here"}
    assert all(0 < share.low <= share.median <= share.high for share in found.reached.values())
    assert set(found.decoding) == {"greedy", "beam 5"}
    assert 0 < found.tracking.share.low <= found.tracking.share.high
    assert found.tracking.share.low * found.tracking.training_seconds == pytest.approx(
        found.tracking.seconds.low
    )
    greedy = found.decoding["greedy"]
    assert greedy.ratio is not None
    assert greedy.peer_tokens_per_sentence is not None
    assert 1 <= greedy.tokens_per_sentence <= run.config.evaluation.max_length + 1
    assert found.decoding["beam 5"].ratio is None  # the lesson knows no beam


@pytest.mark.slow
def test_what_is_timed_is_all_that_a_run_records(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters, tags, metrics and files of a run that was trained, but its second decoding."""
    monkeypatch.setattr(recording, "TemporaryDirectory", lambda: nullcontext(str(tmp_path)))
    timed = spec(digits, seed=2)
    recording.time_recording(timed, digits, build(digits, TINY), num_runs=2)
    tracker = MlflowTracker(f"sqlite:///{tmp_path}/mlflow.db", experiment="it", question="")
    trained = spec(digits, seed=3)

    run_all(
        [trained], {digits.fingerprint: digits}, executor=SerialExecutor(), tracker=tracker,
        tags=provenance(), device="cpu",
    )  # fmt: skip

    written, wanted = (_written(tmp_path, run.name) for run in (timed, trained))
    assert wanted - written == {"test/bleu_beam5"}
    assert written <= wanted


def _written(folder: Path, name: str) -> set[str]:
    """Name all that is in a run's record: parameters, tags, metrics by step, files."""
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    (run,) = client.search_runs(["1"], f"attributes.run_name = '{name}'")
    files = {
        str(path.relative_to(start))
        for start in [Path(run.info.artifact_uri.removeprefix("file://"))]
        for path in start.rglob("*")
    }
    curve = client.get_metric_history(run.info.run_id, "validation/bleu")
    data = run.data
    return {*data.params, *data.tags, *data.metrics, *files, *(str(point.step) for point in curve)}


@pytest.mark.slow
def test_runs_at_a_time_are_measured_beside_one_alone(digits: PreparedCorpus) -> None:
    """Each in a process of its own, none of which is left behind."""
    run = spec(digits)

    found = measure(
        run, digits, CPU, peer=None, num_rounds=2, num_batches=2, num_jobs=2, say=lambda _: None
    )

    assert found.together is not None
    assert found.together.runs == 2
    assert 0 < found.together.times.low <= found.together.times.high
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_run_at_a_time_that_dies_is_told(digits: PreparedCorpus) -> None:
    """Before it has heard what to do, or after; without a traceback here."""
    gone = PreparedCorpus(digits.folder)
    gone.folder = Path("/nonexistent")

    with (
        pytest.raises(BenchError, match=r"one of the runs has ended \(exit code 1\)"),
        side_by_side(spec(digits), gone, CPU, runs=2) as beside,
    ):
        beside.train(1, runs=2)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("name", "attention", "device", "message"),
    [
        ("joeynmt", "none", "cpu", "joeynmt has no model with attention none"),
        ("lesson", "dot", "cpu", "with none or additive it may be compared"),
        ("opennmt", "additive", "cuda", "opennmt is measured on the CPU"),
    ],
)
def test_a_peer_that_does_something_else_is_refused(
    digits: PreparedCorpus, name: str, attention: AttentionKind, device: str, message: str
) -> None:
    """Another model, or on another device: the ratio would say nothing."""
    run = spec(digits)
    run = replace(
        run, config=replace(run.config, model=replace(run.config.model, attention=attention))
    )

    with (
        pytest.raises(ConfigError, match=message),
        open_peer(name, run, digits, torch.device(device), python=Path(sys.executable)),
    ):
        pass


def test_training_goes_on_in_training_mode_after_an_evaluation(digits: PreparedCorpus) -> None:
    """A GPU's parts are measured after the record of a run was, and cuDNN insists on it."""
    workload = Workload(spec(digits), digits, CPU)
    workload.model.eval()

    workload.train(1)

    assert workload.model.training


def test_a_peer_without_its_environment_is_refused(digits: PreparedCorpus) -> None:
    """Before anything is measured, saying what is lacking."""
    run = spec(digits)
    attending = replace(run.config.model, attention="additive")
    run = replace(run, config=replace(run.config, model=attending))

    with (
        pytest.raises(ConfigError, match="--against joeynmt needs --peer-python"),
        open_peer("joeynmt", run, digits, CPU, python=None),
    ):
        pass
    with (
        pytest.raises(BenchError, match="joeynmt has ended"),
        open_peer("joeynmt", run, digits, CPU, python=Path(sys.executable)),
    ):
        pass


TOY = """
import sys
sys.path.append({folder!r})
from peer_program import Sentences, serve

class Toy:
    def __init__(self, folder, sizes):
        self.sentences = Sentences(folder, "validation")
        self.size = sizes["training"]["batch_size"]

    def step(self):
        return self.size

    def decode(self, chosen, beam):
        return beam * len(chosen)

serve(Toy, "safetensors")
"""


def test_a_program_of_another_environment_says_what_it_is_and_does_as_told(
    digits: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its versions first, then how fast it was; when it ends, that is told."""
    (tmp_path / "peer_toy.py").write_text(TOY.format(folder=str(Path(peers.__file__).parent)))
    monkeypatch.setattr(peers, "__file__", str(tmp_path / "peers.py"))

    peer = ProgramPeer("toy", spec(digits), digits, python=Path(sys.executable), folder=tmp_path)

    assert peer.versions == {
        **{name: version(name) for name in ("safetensors", "torch", "numpy")},
        "python": platform.python_version(),
    }
    assert peer.train(3) > 0
    decoded = peer.decode(5)
    assert decoded is not None
    assert decoded.tokens_per_sentence == 5
    assert decoded.sentences_per_second > 0
    peer.end()
    with pytest.raises(BenchError, match="toy has ended"):
        peer.train(1)
