"""Corpus → split, filtered, tokenised and numericalised data, cached under its fingerprint."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from hashlib import blake2b
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock

from bench.cache import cache_folder
from bench.data.config import DataConfig
from bench.data.corpus import (
    SPLITS,
    Corpus,
    CorpusReader,
    SentencePair,
    SplitName,
    load_reader,
    shown_name,
)
from bench.data.cutters import Cutters, open_cutters
from bench.data.numericalisation import TokenizedSplit, Vocabularies, drop_long, numericalise
from bench.data.prepared import (
    PIECES_FILE,
    EncodedSplit,
    FlatSentences,
    Ledger,
    PreparedCorpus,
    is_whole,
    save_split,
    save_summary,
)
from bench.data.splitting import Separated, separate
from bench.data.subwords import PieceCutter, learn_pieces
from bench.data.tokenization import Language
from bench.data.tokens import TokenizedText
from bench.data.vocabulary import EOS_ID, UNK_ID
from bench.errors import CorpusError

PREPARATION_VERSION = 1
"""Raise it when code of this stage changes what a run learns from."""


def prepare(config: DataConfig, *, say: Callable[[str], None] = lambda _: None) -> PreparedCorpus:
    """Open the prepared data of a config, making it first if the cache does not have it.

    Args:
        config: what to prepare.
        say: told in a few words what is happening, when it takes time.

    Raises:
        CorpusError: when the corpus cannot be read; nothing is left behind then.
    """
    reader = load_reader(config.corpus)
    folder = cache_folder() / "prepared" / data_fingerprint(config, reader)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not is_whole(folder):
            _build(config, reader, folder, say=say)
    return PreparedCorpus(folder, corpus=shown_name(config.corpus))


def data_fingerprint(config: DataConfig, reader: CorpusReader) -> str:
    """Digest all that decides the prepared data: text, settings, tokeniser and this code.

    32 hexadecimal digits: MLflow takes at most 36.
    """
    settings = asdict(config) | {
        "corpus": reader.fingerprint(),  # not its name: a moved file is the same corpus
        "preparation": PREPARATION_VERSION,
        "spacy": version("spacy"),
    }
    if config.tokenization == "sentencepiece":
        settings["sentencepiece"] = version("sentencepiece")
    text = json.dumps(settings, sort_keys=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _build(
    config: DataConfig,
    reader: CorpusReader,
    folder: Path,
    *,
    say: Callable[[str], None],
) -> None:
    say(f"reading {config.corpus}")
    corpus = reader.read(num_pairs=config.generated_pairs)
    by_rules = config.tokenization == "spacy"
    num_texts = 2 * sum(map(len, corpus[:3])) if by_rules else 0
    with open_cutters(num_texts) as cutters:
        separated = separate(
            corpus,
            validation_share=config.validation_share,
            test_share=config.test_share,
            seed=config.split_seed,
        )
        _refuse_empty(config, {name: len(getattr(separated.corpus, name)) for name in SPLITS})
        if by_rules:
            say("tokenising (loading spaCy's rules takes some seconds)")
        else:
            say("learning pieces of words")
        models = _learn(separated.corpus.train, config)
        tokenized = _tokenize(separated.corpus, config, models, cutters)
    train, too_long = drop_long(tokenized["train"], config.max_target_tokens)
    tokenized["train"] = train
    _refuse_empty(config, {name: len(tokenized[name].pairs) for name in SPLITS})
    encoded, vocabularies = numericalise(tokenized, config)
    ledger = _write_ledger(config, separated, encoded, vocabularies, too_long=too_long)
    scratch = Path(mkdtemp(prefix=".preparing-", dir=folder.parent))
    try:
        for name, split in encoded.items():
            save_split(scratch, name, split)
        for language, model in models.items():
            (scratch / PIECES_FILE.format(language)).write_bytes(model)
        save_summary(scratch, ledger=ledger, source=vocabularies.source, target=vocabularies.target)
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _refuse_empty(config: DataConfig, sizes: Mapping[SplitName, int]) -> None:
    if not all(sizes.values()):
        found = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise CorpusError(f"{config.corpus}: too small to train and test on ({found} pairs)")


def _learn(train: Sequence[SentencePair], config: DataConfig) -> dict[Language, bytes]:
    """Learn what tokenisation must learn: nothing for rules."""
    if config.tokenization == "spacy":
        return {}
    return {
        language: learn_pieces(texts, size=config.subword_vocabulary, lowercase=config.lowercase)
        for language, texts in _columns(train).items()
    }


def _tokenize(
    corpus: Corpus, config: DataConfig, models: dict[Language, bytes], cutters: Cutters
) -> dict[SplitName, TokenizedSplit]:
    """Cut all splits at once: what they have in common is cut once."""
    splits = corpus[:3]
    texts, lowercase = _columns([*chain.from_iterable(splits)]), config.lowercase
    if config.tokenization == "spacy":
        cut = cutters.cut(texts, lowercase=lowercase)
    else:
        cut = {
            language: TokenizedText.from_lists(
                map(PieceCutter(models[language], lowercase=lowercase).cut, some)
            )
            for language, some in texts.items()
        }
    divided = (text.divided([len(pairs) for pairs in splits]) for text in cut.values())
    sides = zip(SPLITS, splits, *divided, strict=True)
    return {name: TokenizedSplit(pairs, *columns) for name, pairs, *columns in sides}


def _columns(pairs: Sequence[SentencePair]) -> dict[Language, list[str]]:
    return {"fr": [pair.source for pair in pairs], "en": [pair.target for pair in pairs]}


def _write_ledger(
    config: DataConfig,
    separated: Separated,
    encoded: dict[SplitName, EncodedSplit],
    vocabularies: Vocabularies,
    *,
    too_long: int,
) -> Ledger:
    train, validation, test = (encoded[name] for name in SPLITS)
    found = sum(len(split) for split in encoded.values()) + too_long
    return Ledger(
        corpus=shown_name(config.corpus),
        pairs_read=found + separated.duplicates + separated.leaked + separated.corpus.dropped,
        pairs_with_empty_side=separated.corpus.dropped,
        duplicate_pairs=separated.duplicates,
        leaked_pairs=separated.leaked,
        too_long_pairs=too_long,
        train_pairs=len(train),
        validation_pairs=len(validation),
        test_pairs=len(test),
        source_vocabulary=len(vocabularies.source),
        target_vocabulary=len(vocabularies.target),
        source_limit=int(max(split.source.lengths.max() for split in encoded.values())),
        target_limit=int(train.target.lengths.max()),
        train_target_tokens=len(train.target.token_ids),
        test_source_unknown=_unknown_share(test.source),
        test_target_unknown=_unknown_share(test.target),
    )


def _unknown_share(sentences: FlatSentences) -> float:
    real = sentences.token_ids != EOS_ID
    return float((sentences.token_ids[real] == UNK_ID).mean())
