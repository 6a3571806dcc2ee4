"""Widths at which one kind of model has as many parameters as another."""

from dataclasses import replace

from bench.errors import ConfigError
from bench.model.config import ModelConfig
from bench.model.seq2seq import build_on_meta, count_parameters

MAX_DEVIATION = 0.01


def parameters_of(config: ModelConfig, *, source_tokens: int, target_tokens: int) -> int:
    """Count the parameters of a model for vocabularies of these sizes."""
    return count_parameters(
        build_on_meta(config, source_tokens=source_tokens, target_tokens=target_tokens)
    )


def match_parameters(
    config: ModelConfig, goal: int, *, source_tokens: int, target_tokens: int
) -> ModelConfig:
    """Scale both hidden sizes by one factor until the model has about so many parameters.

    Embeddings keep their width, so the match depends on the vocabularies.

    Raises:
        ConfigError: when no width comes within one per cent.
    """

    def count(candidate: ModelConfig) -> int:
        return parameters_of(candidate, source_tokens=source_tokens, target_tokens=target_tokens)

    narrow, wide = 1, 4 * config.hidden_size
    while narrow < wide:  # the count grows with the width: halve the interval
        middle = (narrow + wide) // 2
        narrow, wide = (
            (middle + 1, wide) if count(_scaled(config, middle)) < goal else (narrow, middle)
        )
    candidates = [_scaled(config, max(1, size)) for size in (narrow - 1, narrow)]
    best = min(candidates, key=lambda candidate: abs(count(candidate) - goal))
    if abs(count(best) - goal) > MAX_DEVIATION * goal:
        raise ConfigError(
            f"no hidden size gives about {goal:,} parameters: the nearest, "
            f"{best.hidden_size}, has {count(best):,}"
        )
    return best


def _scaled(config: ModelConfig, hidden_size: int) -> ModelConfig:
    ratio = hidden_size / config.hidden_size
    return replace(
        config,
        hidden_size=hidden_size,
        decoder_hidden_size=max(1, round(config.decoder_hidden_size * ratio)),
    )
