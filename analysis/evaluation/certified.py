"""Margins, and the radii that they certify."""

import math

from torch import Tensor


def margins(scores: Tensor, labels: Tensor) -> Tensor:
    """Score of the true class minus the best other score.

    Args:
        scores: Shape ``(n, classes)``, at least two classes.
        labels: Shape ``(n,)``, int64.

    Returns:
        Shape ``(n,)``; negative where the prediction is wrong.

    Raises:
        ValueError: If shapes do not fit.

    Example:
        >>> margins(torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([0]))
        tensor([1.])
    """
    if scores.ndim != 2 or scores.shape[1] < 2 or labels.shape != scores.shape[:1]:
        raise ValueError(f"scores {tuple(scores.shape)} and labels {tuple(labels.shape)} do not fit together")
    true = scores.gather(1, labels[:, None]).squeeze(1)
    others = scores.scatter(1, labels[:, None], -math.inf)
    return true - others.amax(dim=1)


def certified_radii(scores: Tensor, labels: Tensor, lipschitz: float = 1.0) -> Tensor:
    r"""L2 radius within which a correct prediction cannot change.

    The difference of two scores of an L-Lipschitz network is :math:`\sqrt 2 L`-Lipschitz, so the margin divided by
    :math:`\sqrt 2 L` is safe (Tsuzuku, Sato and Sugiyama 2018, Proposition 1). An example counts as certified at
    radius r if its value is strictly greater than r.

    Args:
        scores: Shape ``(n, classes)``.
        labels: Shape ``(n,)``, int64.
        lipschitz: Upper bound L on the network's Lipschitz constant.

    Returns:
        Shape ``(n,)``, in the units of the network's input; negative where the prediction is wrong.

    Raises:
        ValueError: If ``lipschitz`` is not positive and finite, or shapes do not fit.

    Example:
        >>> certified_radii(torch.tensor([[3.0, 1.0]]), torch.tensor([0]))
        tensor([1.4142])
    """
    if not 0 < lipschitz < math.inf:
        raise ValueError(f"lipschitz must be positive and finite, got {lipschitz}")
    return margins(scores, labels) / (math.sqrt(2) * lipschitz)
