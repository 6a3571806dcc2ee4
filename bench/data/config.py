"""The [data] table of an experiment file."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Tokenization = Literal["spacy", "sentencepiece"]
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True)
"""How every config class of the suite reads its values: unknown keys, wrong types and what is not
finite refused."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class DataConfig:
    """Which sentences a run learns from, and how they become token ids."""

    corpus: str = "synthetic_questions"
    """Name of a corpus, or the path of a file or folder with one."""

    generated_pairs: Annotated[int, Field(ge=0)] = 0
    """Sentence pairs to draw from a generated corpus, before the split; 0 draws as many as it has
    by itself (`synthetic_questions` 20,000, `digit_reversal` 2,000). Real text is taken whole."""

    tokenization: Tokenization = "spacy"
    """How text is cut into tokens: words by spaCy's rules, or pieces of words that SentencePiece
    learns from the training split, for each language (`sentencepiece`)."""

    subword_vocabulary: Annotated[int, Field(ge=100, le=1_000_000)] = 4_000
    """Pieces that SentencePiece learns per language; fewer where the text is too small for it."""

    lowercase: bool = True
    """Lower-case all text, and put `t_up` before a word that was all capitals; pieces of words have
    no such mark."""

    max_target_tokens: Annotated[int, Field(ge=1)] = 29
    """Longest English sentence kept, in tokens; pairs beyond it leave the training split."""

    source_length_percentile: Annotated[float, Field(gt=0, le=100)] = 97.0
    """French sentences are cut at this percentile of their lengths (end token counted)."""

    target_length_percentile: Annotated[float, Field(gt=0, le=100)] = 99.0
    """English training sentences are cut at this percentile of theirs."""

    vocabulary_size: Annotated[int, Field(ge=1)] = 40_000
    """Most frequent tokens kept per language, beside the four special ones."""

    min_frequency: Annotated[int, Field(ge=1)] = 1
    """Occurrences in the training split that a token needs to enter the vocabulary."""

    unseen_source_words: Literal["unknown", "listed"] = "unknown"
    """Source words that occur in validation or test alone: `unknown`, or `listed` at the end of
    the vocabulary, never trained, so that vectors can stand for them."""

    validation_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    """Share of the pairs held out for validation, where the corpus brings no split of its own."""

    test_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    """Share of the pairs held out for the test, where the corpus brings no split of its own."""

    split_seed: int = 42
    """Seed of the split, the same for every run: never varied within an experiment."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class VectorsConfig:
    """fastText vectors for the words of a vocabulary; used where `model.embedding_init` says so."""

    source: str = "none"
    """French vectors: `none`; `train`, learnt by fastText from the training split alone, of words
    that it has twice or more; a file (`.vec`, `.vec.gz`, `.bin`); or a published name, such as
    `wiki.fr` or `cc.fr.300`."""

    target: str = "none"
    """English vectors, likewise."""

    oov: Literal["random", "subword"] = "random"
    """Words without a vector: `random` leaves their rows as drawn, `subword` composes a vector of
    the word's parts, which is possible with `train`, a `.bin` file or a published `cc.….300`."""

    back_off: bool = False
    """Try a word's other apostrophe, its bare form and its other cases before giving up."""

    train_epochs: Annotated[int, Field(ge=1)] = 50
    """Passes over the training split where vectors are learnt from it (`train`)."""
