"""The loss: cross-entropy over real tokens, in nats per token.

Shapes: N real target tokens, V target vocabulary.
"""

from torch import Tensor
from torch.nn.functional import cross_entropy


def token_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy in nats, a scalar.

    Args:
        logits: (N, V), at real positions only, in any float format.
        targets: token ids, (N,), without padding.
    """
    return cross_entropy(logits.float(), targets)
