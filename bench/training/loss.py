"""The loss: cross-entropy in nats per token.

Shapes: N target positions, V target vocabulary.
"""

from torch import Tensor
from torch.nn.functional import cross_entropy


def token_loss(logits: Tensor, targets: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy in nats, a scalar.

    Args:
        logits: (N, V), in any float format; at real positions only, unless padding is to count.
        targets: token ids, (N,).
        label_smoothing: share of the wanted probability spread evenly over all tokens, in [0, 1)
            (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, section 7).
    """
    return cross_entropy(logits.float(), targets, label_smoothing=label_smoothing)
