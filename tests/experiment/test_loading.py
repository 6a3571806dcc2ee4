"""Experiment files, read strictly."""

import re
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.experiment.loading import load_experiment
from bench.experiment.search import Choices, Range

FILE = """
question = "Does it?"
baseline = "plain"
seeds = [1, 2]

[model]
hidden_size = 20

[variants.plain]

[variants.wide]
model.hidden_size = 40

[profiles.quick]
training.epochs = 3
model.embedding_dim = 16

[profiles.full]
seeds = [1, 2, 3]
"""


def write(text: str) -> str:
    Path("experiments").mkdir(exist_ok=True)
    Path("experiments/it.toml").write_text(text)
    return "it"


def test_a_variant_says_only_what_differs() -> None:
    """The file, then the profile, then the variant; the rest is default."""
    experiment = load_experiment(write(FILE))

    plain, wide = (experiment.variants[name].config for name in ("plain", "wide"))

    assert (plain.model.hidden_size, wide.model.hidden_size) == (20, 40)
    assert plain.training.epochs == wide.training.epochs == 3
    assert plain.model.embedding_dim == 16
    assert experiment.seeds == (1, 2)


def test_a_file_that_says_nothing_is_told_so_and_a_mark_of_byte_order_is_none() -> None:
    """Editors on Windows put one before the text."""
    with pytest.raises(BenchError, match=r"no profile; \[profiles\.quick\]"):
        load_experiment(write(""))

    assert load_experiment(write("\ufeff" + FILE)).question == "Does it?"


def test_a_profile_is_the_same_experiment_at_another_size() -> None:
    """With its own seeds if it says so."""
    experiment = load_experiment(write(FILE), profile="full")

    assert experiment.seeds == (1, 2, 3)
    assert experiment.variants["plain"].config.training.epochs == 12


def test_a_profile_may_speak_of_one_variant() -> None:
    """What it says there holds for that variant alone, and it must know it."""
    table = "\n[profiles.quick.variants.wide]\nmodel.hidden_size = 30\n"
    experiment = load_experiment(write(FILE + table))

    sizes = [experiment.variants[name].config.model.hidden_size for name in ("plain", "wide")]
    assert sizes == [20, 30]
    full = load_experiment(write(FILE + table), profile="full")
    assert full.variants["wide"].config.model.hidden_size == 40
    with pytest.raises(BenchError, match=r"profiles\.quick: unknown variant 'wile'.*'wide'"):
        load_experiment(write(FILE + table.replace("wide", "wile")))


def test_published_effects_belong_to_a_variant() -> None:
    """Low, high if any, source; unknown variants and keys are refused."""
    table = '\n[expected.wide]\nlow = 0.5\nhigh = 1.0\nsource = "somebody"\n'

    (expected,) = load_experiment(write(FILE + table)).expected
    (bound,) = load_experiment(write(FILE + table.replace("high = 1.0\n", ""))).expected

    assert (expected.variant, expected.metric, expected.low) == ("wide", "bleu", 0.5)
    assert (expected.high, bound.high) == (1.0, None)
    for old, new, message in (
        ("expected.wide", "expected.wile", "unknown variant 'wile'"),
        ("low", "lo", "unknown key 'lo'"),
        ("0.5", "1.5", "low must not be above high"),
    ):
        with pytest.raises(BenchError, match=message):
            load_experiment(write(FILE + table.replace(old, new)))


def test_the_command_line_has_the_last_word() -> None:
    """`--set` changes every variant and is remembered; `--corpus` is where, not what."""
    experiment = load_experiment(
        write(FILE), overrides=["model.hidden_size=8", "model.cell=lstm"], corpus="digit_reversal"
    )

    for variant in experiment.variants.values():
        assert variant.config.model.hidden_size == 8
        assert variant.config.model.cell == "lstm"
        assert variant.config.data.corpus == "digit_reversal"
    assert experiment.adhoc == ("model.cell=lstm", "model.hidden_size=8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("model.hidden_size = 40", "model.hiden_size = 40",
         "variants.wide: unknown key 'model.hiden_size'. Did you mean 'model.hidden_size'?"),
        ("hidden_size = 20", "hidden_size = 'big'",
         "it.toml: model.hidden_size = 'big': Input should"),
        ("hidden_size = 20", "hidden_size = 0", "model.hidden_size = 0: Input should be greater"),
        ("hidden_size = 20", "cell = 'gruu'", "model.cell = 'gruu': Input should be 'rnn', 'gru'"),
        ("hidden_size = 20", "cel = 'gru'",
         "it.toml: unknown key 'model.cel'. Did you mean 'model.cell'?"),
        ('baseline = "plain"', 'baseline = "plane"',
         "baseline: unknown variant 'plane'. Did you mean 'plain'?"),
        ('question = "Does it?"', "", "question is missing"),
        ("seeds = [1, 2]\n", "seeds = [1, 1]\n", "wanted different whole numbers"),
        ("seeds = [1, 2]\n", "seeds = []\n", "wanted different whole numbers"),
        ("[model]", "[modle]", "unknown key 'modle'. Did you mean 'model'?"),
        ("training.epochs = 3", "training.epoch = 3",
         "profiles.quick: unknown key 'training.epoch'. Did you mean 'training.epochs'?"),
        ("training.epochs = 3", "training.epochs = 'all'",
         "profiles.quick: training.epochs = 'all': Input should be"),
        ("training.epochs = 3", "variants.wide.model.num_layers = 0",
         "profiles.quick.variants.wide: model.num_layers = 0: Input should be greater"),
        ("training.epochs = 3", "variants.wide.model.layers = 1",
         "profiles.quick.variants.wide: unknown key 'model.layers'"),
        ("training.epochs = 3", "match_parameters = 'plain'",
         "profiles.quick: unknown key 'match_parameters'"),
        ("hidden_size = 40", "hidden_size = 40\nmatch_parameter = 'plain'",
         "variants.wide: unknown key 'match_parameter'. Did you mean 'match_parameters'?"),
        ("[variants.plain]", "[variants.plain]\nmatch_parameters = 'wider'",
         "unknown variant 'wider'. Did you mean 'wide'?"),
        ("[variants.plain]", "[variants.plain]\nmatch_parameters = 3",
         "variants.plain: match_parameters names a variant; got 3"),
        ("[variants.plain]", "[variants.plain]\nmatch_parameters = 'plain'",
         "the size of plain itself is a matched one"),
        ("[model]", "[model", "not a TOML file"),
        ("[model]", "evaluation = 3\n[model]",
         "evaluation is a table, written [evaluation]; got 3"),
        ("[variants.plain]", "[variants]\nodd = 'gru'\n[variants.plain]",
         "variants.odd is a table, written [variants.odd]; got 'gru'"),
        ("training.epochs = 3", "variants = 3", "profiles.quick.variants is a table"),
        ("training.epochs = 3", "variants.wide = 3", "profiles.quick.variants.wide is a table"),
        ("training.epochs = 3", "search = [1]", "profiles.quick.search is a table"),
        ("[model]", "[search]\nspace = 3\n[model]", "search.space is a table"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(old: str, new: str, message: str) -> None:
    """The message names the file, the place, and the nearest name."""
    name = write(FILE.replace(old, new, 1))

    with pytest.raises(BenchError) as caught:
        load_experiment(name)

    assert "experiments/it.toml" in str(caught.value)
    assert message in str(caught.value)


def test_an_unknown_experiment_or_profile_is_refused() -> None:
    """With the nearest name and all names."""
    write(FILE)

    with pytest.raises(BenchError, match="unknown experiment 'itt'"):
        load_experiment("itt")
    with pytest.raises(BenchError, match=r"unknown profile 'fast'\.\nKnown: full, quick"):
        load_experiment("it", profile="fast")


@pytest.mark.parametrize(
    "override",
    [
        "model.hidden_size",
        "model.cel=gru",
        "model.cell=gruu",
        "training.learning_rate=1e400",
        "model.embedding_scale=unti",
    ],
)
def test_a_wrong_setting_on_the_command_line_is_refused(override: str) -> None:
    """Before anything runs."""
    name = write(FILE)

    with pytest.raises(BenchError, match="--set: "):
        load_experiment(name, overrides=[override])


def test_a_setting_that_names_a_file_does_not_say_where_it_lies() -> None:
    """It stands in reports and their folders' names; the run reads the file all the same."""
    name = write(FILE)

    found = load_experiment(name, overrides=['data.corpus="/home/ann/secret/p.tsv"'])

    assert found.adhoc == ("data.corpus=p.tsv",)
    assert found.variants["plain"].config.data.corpus == "/home/ann/secret/p.tsv"


def test_a_mistyped_key_is_answered_with_its_section_alone() -> None:
    """Not with all sixty keys."""
    name = write(FILE)

    with pytest.raises(BenchError) as caught:
        load_experiment(name, overrides=["model.cel=gru"])

    known = str(caught.value).partition("Known: ")[2].split(", ")
    assert "model.cell" in known
    assert all(key.startswith("model.") for key in known)


def test_a_key_like_none_is_answered_with_all() -> None:
    """Those without a section are not taken for its own."""
    name = write(FILE.replace("seeds = [1, 2, 3]", "zzz = 1"))

    with pytest.raises(BenchError, match=r"(?s)'zzz'.*Known: .*model\.cell.*seeds"):
        load_experiment(name, profile="full")


SEARCH = """
[search]
trials = 4
[search.space]
training.learning_rate = {low = 1e-4, high = 1e-2, log = true}
model.num_layers = {choices = [1, 2]}
"""


def test_a_profile_searches_as_it_says_itself() -> None:
    """What its own table leaves out is the file's."""
    table = "\n[profiles.quick.search]\ntrials = 3\n"

    quick, full = (
        load_experiment(write(FILE + SEARCH + table), profile=p) for p in ("quick", "full")
    )

    assert (quick.search.trials, full.search.trials) == (3, 4)
    assert quick.search.space == full.search.space


def test_a_search_space_is_read_by_dotted_name() -> None:
    """Ranges and choices; a profile may change the budget."""
    search = load_experiment(write(FILE + SEARCH)).search

    assert search.trials == 4
    assert search.space["training.learning_rate"] == Range(low=1e-4, high=1e-2, log=True)
    assert search.space["model.num_layers"] == Choices(choices=(1, 2))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "training.learning_rate",
            "training.learning_rat",
            "Did you mean 'training.learning_rate'",
        ),
        (
            "training.learning_rate",
            "data.max_tokens",
            "unknown key 'data.max_tokens'",
        ),
        ("low = 1e-4, high", "low = 1, high", "low must be below high"),
        ("low = 1e-4, ", "low = -1.0, ", "a logarithmic range begins above 0"),
        ("[1, 2]", "[1, 0]", "search.space: model.num_layers = 0"),
        ("[1, 2]", "[1]", "num_layers.choices"),
        ("{choices = [1, 2]}", "2", "wanted {low = …, high = …} or {choices = […]}"),
        ("log = true", "logg = true", "Did you mean 'log'?"),
        ("{choices = [1, 2]}", "{low = 1, high = 4, step = 1.5}", "is a whole number; its step"),
        ("trials = 4", "trails = 4", "Did you mean 'trials'?"),
        ("training.learning_rate", "model.embedding_init", "decides which vectors a run begins at"),
        ("[1, 2]}", "[1, 2]}\ntraining.precision = {choices = ['auto', 'float32']}", "'auto' is"),
        (
            "trials = 4",
            "epochs = 2\n[search.space.training.epochs]\nchoices = [2, 4]",
            "training.epochs is drawn, and search.epochs says what it is",
        ),
        ("trials = 4", "trials = 0", "search.trials = 0"),
        ("trials = 4", 'objectives = ["seconds"]', "first objective is one of bleu, chrf, loss"),
        ("trials = 4", 'objectives = ["bleu", "bleu"]', "an objective is named twice"),
        (
            "trials = 4",
            'objectives = ["bleu", "seconds"]\npruner = "median"',
            "several objectives know no pruning",
        ),
        ("trials = 4", 'objectives = ["bleus"]', "search.objectives"),
    ],
)
def test_a_mistake_in_a_search_is_found_before_the_first_trial(
    old: str, new: str, message: str
) -> None:
    """Names and values alike, at both ends of each range and for every choice."""
    name = write(FILE + SEARCH.replace(old, new))

    with pytest.raises(BenchError, match=re.escape(message)):
        load_experiment(name)


def test_of_a_setting_that_is_given_twice_the_last_one_is_told() -> None:
    """It is the one in force; the order in which they are given makes no difference."""
    path = write(FILE)
    one, other = "training.epochs=1", "model.cell=lstm"

    twice = load_experiment(path, overrides=["training.epochs=3", other, one])

    assert twice.adhoc == load_experiment(path, overrides=[one, other]).adhoc == (other, one)
    assert twice.variants[twice.baseline].config.training.epochs == 1
