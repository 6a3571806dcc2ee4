"""A trained model with all it needs to translate text: a folder of tensors, JSON and word lists."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import torch

from bench.data.batching import sorted_batches
from bench.data.config import DataConfig
from bench.data.corpus import SentencePair
from bench.data.prepared import EncodedSplit, FlatSentences, PreparedCorpus
from bench.data.subwords import PieceCutter
from bench.data.tokenization import detokenize, tokenize
from bench.data.vocabulary import EOS_ID, SILENT, Vocabulary
from bench.evaluation.config import EvaluationConfig
from bench.evaluation.decoding import decode, greedy
from bench.model.config import ModelConfig
from bench.model.seq2seq import Seq2Seq
from bench.training.checkpoint import load_weights, save_weights
from bench.training.device import computing

SETTINGS, WEIGHTS, PIECES = "translator.json", "weights.safetensors", "pieces.fr.model"
BATCH_SIZE, MAX_LENGTH = 100, 100
CPU = torch.device("cpu")
END = "⏎"


class Attended(NamedTuple):
    """Where a decoder looked while it translated one sentence."""

    source: Sequence[str]  # (S,) tokens, the end among them
    target: Sequence[str]  # (T,) tokens, the end among them
    weights: Sequence[Sequence[float]]  # (T, S), each row sums to one


class Translator:
    """French text in, English text out."""

    def __init__(
        self,
        model: Seq2Seq,
        source: Vocabulary,
        target: Vocabulary,
        *,
        lowercase: bool,
        pieces: bytes | None = None,
    ) -> None:
        """Put a translator together.

        Args:
            model: trained, on the device that is to translate.
            source: its French vocabulary.
            target: its English vocabulary.
            lowercase: whether it reads and writes lower case.
            pieces: SentencePiece's model of French, if it reads pieces of words.
        """
        self._model = model.eval()
        self._device = next(model.parameters()).device
        self._source = source
        self._target = target
        self._lowercase = lowercase
        self._pieces = PieceCutter(pieces, lowercase=lowercase) if pieces else None

    @classmethod
    def load(cls, folder: Path, *, device: torch.device = CPU) -> "Translator":
        """Read a folder written by `save_translator`; tensors and JSON only, nothing executed.

        Args:
            folder: of the translator.
            device: that is to translate.
        """
        settings = json.loads((folder / SETTINGS).read_text("utf-8"))
        source, target = (Vocabulary(settings[name]) for name in ("source", "target"))
        config = ModelConfig(**settings["model"])
        model = Seq2Seq(config, source_tokens=len(source), target_tokens=len(target), seed=0)
        load_weights(folder / WEIGHTS, model)
        pieces = folder / PIECES
        return cls(
            model.to(device),
            source,
            target,
            lowercase=settings["lowercase"],
            pieces=pieces.read_bytes() if pieces.exists() else None,
        )

    def translate(
        self,
        texts: Sequence[str],
        *,
        max_length: int = MAX_LENGTH,
        beam_size: int = 1,
        length_penalty: float = 1.0,
    ) -> list[str]:
        """Translate sentences, in their order; an empty one stays empty.

        Args:
            texts: French sentences.
            max_length: most tokens of a translation.
            beam_size: hypotheses carried along; 1 is greedy.
            length_penalty: power of the length by which beam search divides.
        """
        how = EvaluationConfig(
            max_length=max_length, beam_size=beam_size, length_penalty=length_penalty
        )
        tokens = [self._cut(text) for text in texts]
        said = [place for place, sentence in enumerate(tokens) if sentence]
        translations = [""] * len(texts)
        if not said:
            return translations
        split = self._encode([tokens[place] for place in said])
        for batch in sorted_batches(split, batch_size=BATCH_SIZE):
            moved = batch.to(self._device)
            with computing(self._device, "float32"):
                decoded = decode(self._model, moved.source, moved.source_lengths, how)
            for index, token_ids in zip(batch.indices, decoded, strict=True):
                translations[said[index]] = self._join(self._target.decode(token_ids))
        return translations

    @property
    def attends(self) -> bool:
        """Tell whether the model looks back at the source."""
        return self._model.decoder.attention is not None

    @torch.inference_mode()
    def attend(self, text: str, *, max_length: int = MAX_LENGTH) -> Attended:
        """Translate a sentence greedily and tell where the decoder looked at each token.

        Raises:
            ValueError: for a model without attention.
        """
        split = self._encode([self._cut(text)])
        (batch,) = (each.to(self._device) for each in sorted_batches(split, batch_size=1))
        with computing(self._device, "float32"):
            (said,) = greedy(self._model, batch.source, batch.source_lengths, max_length=max_length)
            decoded = [token_id for token_id in said if token_id not in SILENT]
            target = torch.tensor([[*decoded, EOS_ID]], device=self._device)
            weights = self._model.attention_weights(batch._replace(target=target))[0]
        return Attended(
            source=[*self._cut(text), END],
            target=[*self._target.decode(decoded), END],
            weights=[[round(float(weight), 4) for weight in row] for row in weights],
        )

    def _cut(self, text: str) -> list[str]:
        if self._pieces is not None:
            return self._pieces.cut(text)
        return tokenize(text, "fr", lowercase=self._lowercase)

    def _join(self, tokens: Sequence[str]) -> str:
        return detokenize(tokens, tokenization="sentencepiece" if self._pieces else "spacy")

    def _encode(self, sentences: Sequence[Sequence[str]]) -> EncodedSplit:
        source = FlatSentences.from_lists(
            [[*self._source.encode(tokens), EOS_ID] for tokens in sentences]
        )
        nothing = FlatSentences.from_lists([[EOS_ID]] * len(sentences))
        return EncodedSplit(source, nothing, [SentencePair("", "")] * len(sentences))


def save_translator(
    folder: Path,
    model: Seq2Seq,
    config: ModelConfig,
    data: DataConfig,
    *,
    prepared: PreparedCorpus,
) -> None:
    """Write everything that `Translator.load` needs.

    Args:
        folder: made if need be.
        model: trained.
        config: of the model.
        data: how its text was tokenised.
        prepared: what it was trained on, for its vocabularies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "model": asdict(config),
        "lowercase": data.lowercase,
        "source": prepared.source_vocabulary.tokens,
        "target": prepared.target_vocabulary.tokens,
    }
    (folder / SETTINGS).write_text(json.dumps(settings, ensure_ascii=False), "utf-8")
    save_weights(folder / WEIGHTS, model)
    if prepared.source_pieces is not None:
        (folder / PIECES).write_bytes(prepared.source_pieces)
