"""Named random streams from one seed.

Each use of chance in a run has a stream of its own, so that a change in one place (a layer more,
a dropout less) leaves the order of the batches and every other stream as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import torch


def stream_seed(seed: int, *names: str | int) -> int:
    """Derive the seed of one stream, in [0, 2⁶³), from the run's seed and the stream's name."""
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 1


def generator(seed: int, *names: str | int) -> torch.Generator:
    """Make a CPU generator for one stream."""
    return torch.Generator().manual_seed(stream_seed(seed, *names))


@contextmanager
def global_stream(seed: int, *names: str | int) -> Iterator[None]:
    """Let torch's global generators follow one stream for a while, then put them back.

    Only for what torch draws globally and takes no generator for: initialisation and dropout.
    """
    # Of GPUs only the one at work: to ask the others would begin to use them.
    at_work = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(at_work):
        torch.manual_seed(stream_seed(seed, *names))
        yield
