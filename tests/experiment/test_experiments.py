"""Every experiment file of the suite: it loads, plans, builds and takes a step."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench.cli.main import main
from bench.data.batching import TrainingBatches
from bench.data.prepared import PreparedCorpus
from bench.data.vectors.preparation import PreparedVectors
from bench.experiment import planning
from bench.experiment.loading import load_experiment
from bench.experiment.planning import RunSpec, plan
from bench.model.seq2seq import build_on_meta, count_parameters
from bench.training.config import TrainingConfig
from bench.training.optimization import build_optimizer
from bench.training.trainer import train
from tests.conftest import build

FILES = sorted((Path(__file__).parents[2] / "experiments").glob("*.toml"))
CPU = torch.device("cpu")
TWO_TESTS = """
question = "Is one test as hard as another?"
baseline = "one"
seeds = [1]

[data]
corpus = "digit_reversal"
generated_pairs = 300

[variants.one]

[variants.other]
data.split_seed = 5

[profiles.quick]
"""
files = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def planned(path: Path, digits: PreparedCorpus, profile: str = "quick") -> list[RunSpec]:
    experiment = load_experiment(str(path), profile=profile, corpus="digit_reversal")
    configs = {variant.config.data for variant in experiment.variants.values()}
    return plan(experiment, dict.fromkeys(configs, digits), device=CPU)


@files
@pytest.mark.parametrize("profile", ["quick", "full"])
def test_it_plans_every_variant_with_every_seed(
    path: Path, profile: str, digits: PreparedCorpus
) -> None:
    """Baseline first in the file; each run once; no two variants the same."""
    experiment = load_experiment(str(path), profile=profile)
    specs = planned(path, digits, profile)

    assert next(iter(experiment.variants)) == experiment.baseline
    assert len(specs) == len(experiment.variants) * len(experiment.seeds)
    variants = experiment.variants.values()
    settings = {(str(each.config), each.match_parameters, each.replica) for each in variants}
    assert len(settings) == len(variants)


@pytest.fixture(scope="module")
def kept_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one experiment has prepared others need not."""
    return tmp_path_factory.mktemp("cache")


@files
def test_its_own_data_can_be_compared(
    path: Path,
    kept_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Prepared as each variant says, from the corpus of the quick profile, if fewer pairs."""
    monkeypatch.setenv("BENCH_CACHE", str(kept_cache))

    main(["plan", str(path), "--seeds", "1", "--set", "data.generated_pairs=800"])

    num_variants = len(load_experiment(str(path)).variants)
    assert f"0 of {num_variants} runs done" in capsys.readouterr().out


def test_variants_that_are_tested_on_other_sentences_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before anything is trained."""
    Path("it.toml").write_text(TWO_TESTS)

    with pytest.raises(SystemExit) as left:
        main(["plan", "it.toml"])

    assert left.value.code == 2
    assert "lead to different test splits" in capsys.readouterr().err


@files
def test_every_variant_builds_and_steps(path: Path, digits: PreparedCorpus) -> None:
    """One epoch on a few pairs, with a loss that is a number."""
    for spec in {spec.variant: spec for spec in planned(path, digits)}.values():
        config = replace(spec.config.training, epochs=1, budget=1.0, batch_size=100)
        model = build(digits, spec.config.model)
        batches = TrainingBatches(digits.load_split("train"), batch_size=100, seed=1)

        (result,) = train(model, build_optimizer(model, config), batches, config, seed=1)

        assert result.loss > 0


@files
def test_matched_variants_have_equal_parameters(path: Path, digits: PreparedCorpus) -> None:
    """Within one per cent of the variant they are matched to."""
    experiment = load_experiment(str(path))
    sizes = {
        spec.variant: count_parameters(
            build_on_meta(
                spec.config.model,
                source_tokens=len(digits.source_vocabulary),
                target_tokens=len(digits.target_vocabulary),
            )
        )
        for spec in planned(path, digits)
    }

    for name, variant in experiment.variants.items():
        if variant.match_parameters:
            assert sizes[name] == pytest.approx(sizes[variant.match_parameters], rel=0.01)


def test_an_identity_follows_all_that_decides_the_numbers(
    digits: PreparedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another setting, seed or text is another run; another name or number of workers is not."""
    spec = planned(FILES[0], digits)[0]
    config = spec.config
    others = [
        replace(spec, seed=99),
        replace(spec, data_fingerprint="0" * 32),
        replace(spec, config=replace(config, model=replace(config.model, embedding_dim=12))),
        replace(spec, config=replace(config, training=replace(config.training, epochs=99))),
        replace(spec, replica=1),
        replace(spec, config=replace(config, evaluation=replace(config.evaluation, beam_size=7))),
        *(replace(spec, vectors=PreparedVectors(Path(), digest, "")) for digest in "ab"),
    ]
    known = {spec.identity, *(other.identity for other in others)}
    judged = replace(config, evaluation=replace(config.evaluation, equivalence_margin=2.0))

    assert len(known) == 1 + len(others)
    assert replace(spec, variant="same", experiment="elsewhere").identity == spec.identity
    assert replace(spec, config=judged).identity == spec.identity
    assert replace(spec, seed=99).group == spec.group
    monkeypatch.setattr(planning, "SCORE_VERSION", planning.SCORE_VERSION + 1)
    assert spec.identity not in known


def test_a_plan_says_in_which_number_format_it_computes(digits: PreparedCorpus) -> None:
    """`auto` is the machine's choice, and part of what a run is."""
    spec = planned(FILES[0], digits)[0]
    auto = replace(spec.config.training, precision="auto")

    assert TrainingConfig().precision == "auto"
    for path in FILES:
        assert {each.config.training.precision for each in planned(path, digits, "full")} <= {
            "float32",
            "bfloat16",
        }
    assert replace(spec, config=replace(spec.config, training=auto)).identity != spec.identity
