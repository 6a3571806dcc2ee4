"""A translator that reads and writes pieces of words."""

from pathlib import Path

from bench.data.config import DataConfig
from bench.data.preparation import prepare
from bench.evaluation.config import EvaluationConfig
from bench.evaluation.evaluate import evaluate
from bench.evaluation.translator import Translator, save_translator
from tests.conftest import TINY, build


def test_pieces_go_with_the_translator(tmp_path: Path) -> None:
    """Saved and loaded it cuts and joins as in the evaluation, greedily or by beam search."""
    config = DataConfig(generated_pairs=300, tokenization="sentencepiece", subword_vocabulary=200)
    data = prepare(config)
    model = build(data).eval()
    split = data.load_split("test")
    # The shortest, which no limit of the prepared data has cut.
    places = sorted(range(len(split)), key=lambda place: len(split.pairs[place].source))[:5]
    texts = [split.pairs[place].source for place in places]
    save_translator(tmp_path, model, TINY, config, prepared=data)
    translator = Translator.load(tmp_path)

    for beam_size in (1, 3):
        evaluation = evaluate(
            model,
            split,
            EvaluationConfig(max_length=12, beam_size=beam_size),
            vocabulary=data.target_vocabulary,
            data=config,
            precision="float32",
        )
        translations = translator.translate(texts, max_length=12, beam_size=beam_size)
        assert translations == [evaluation.hypotheses[place] for place in places]
        assert "▁" not in "".join(translations)
