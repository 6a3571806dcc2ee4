"""Token ↔ id, one vocabulary per language."""

from collections.abc import Iterable, Mapping, Sequence

BOS, PAD, EOS, UNK = "_bos_", "_pad_", "_eos_", "_unk"
SPECIALS = (BOS, PAD, EOS, UNK)
BOS_ID, PAD_ID, EOS_ID, UNK_ID = range(4)
SILENT = {BOS_ID, PAD_ID}  # a model may say them: they are no text


class Vocabulary:
    """The tokens a model knows, most frequent first, after the four special ones."""

    def __init__(self, tokens: Sequence[str]) -> None:
        assert tuple(tokens[: len(SPECIALS)]) == SPECIALS
        self.tokens = tuple(tokens)
        # Without the special ones: a text that says `_eos_` does not end there.
        words = list(enumerate(tokens))[len(SPECIALS) :]
        self._ids = {token: token_id for token_id, token in words}

    def __len__(self) -> int:
        return len(self.tokens)

    def extended(self, tokens: Sequence[str]) -> "Vocabulary":
        """Add tokens at the end."""
        return Vocabulary([*self.tokens, *tokens])

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Look tokens up; an unknown one becomes `UNK_ID`. No end token is added."""
        return [self._ids.get(token, UNK_ID) for token in tokens]

    def decode(self, token_ids: Iterable[int]) -> list[str]:
        """Return the tokens up to the first end token, without special ones but `_unk`."""
        tokens: list[str] = []
        for token_id in token_ids:
            if token_id == EOS_ID:
                break
            if token_id not in SILENT:
                tokens.append(self.tokens[token_id])
        return tokens


def build_vocabulary(counts: Mapping[str, int], *, max_size: int, min_frequency: int) -> Vocabulary:
    """Keep the `max_size` most frequent tokens; ties in alphabetical order."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kept = [token for token, count in ranked[:max_size] if count >= min_frequency]
    return Vocabulary([*SPECIALS, *(token for token in kept if token not in SPECIALS)])


def list_unseen(tokens: set[str], *, seen: set[str]) -> list[str]:
    """List the tokens that are not among the seen ones, in alphabetical order."""
    return sorted(tokens - seen - set(SPECIALS))
