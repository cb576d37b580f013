"""Margins, and the radii that they certify."""

import math

import torch
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
    _refuse_unfit(scores, labels)
    true = scores.gather(1, labels[:, None]).squeeze(1)
    others = scores.scatter(1, labels[:, None], -math.inf)
    return true - others.amax(dim=1)


def certified_radii(scores: Tensor, labels: Tensor, lipschitz: float = 1.0) -> Tensor:
    r"""L2 radius within which a correct prediction cannot change.

    The difference of two scores of an L-Lipschitz network is :math:`\sqrt 2 L`-Lipschitz, so the margin divided by
    :math:`\sqrt 2 L` is safe (:ref:`margin-certificate`; Tsuzuku, Sato and Sugiyama 2018, Proposition 1). An example
    counts as certified at radius r if its value is strictly greater than r.

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
    _refuse_impossible(lipschitz)
    return margins(scores, labels) / (math.sqrt(2) * lipschitz)


def pairwise_radii(
    scores: Tensor, labels: Tensor, head: Tensor, lipschitz: float = 1.0, *, error: float = 0.0
) -> Tensor:
    r"""L2 radius within which a correct prediction cannot change, from the rows of the last layer.

    If scores are :math:`s_j = \langle w_j, h(x) \rangle + b_j` with an L-Lipschitz h, then :math:`s_y - s_j` is
    :math:`L \|w_y - w_j\|`-Lipschitz (Singla, Singla and Feizi 2022, section 4), and

    .. math:: \min_{j \ne y} \frac{s_y - s_j}{L \|w_y - w_j\|}

    is safe. It is never below :func:`certified_radii`, as :math:`\|w_y - w_j\| \le \sqrt 2 \|W\|`, and of a
    linear classifier it is the distance to the nearest other class.

    Args:
        scores: Shape ``(n, classes)``.
        labels: Shape ``(n,)``, int64.
        head: The rows w, shape ``(classes, features)``.
        lipschitz: Upper bound L on the Lipschitz constant of what comes before the last layer.
        error: Subtracted from each difference of scores.

    Returns:
        Shape ``(n,)``, in the units of the network's input; negative where the prediction is wrong. Infinite where no
        other class is within reach: rows that are equal keep their order everywhere.

    Raises:
        ValueError: If ``lipschitz`` is not positive and finite, or shapes do not fit.

    Example:
        >>> pairwise_radii(torch.tensor([[3.0, 1.0]]), torch.tensor([0]), torch.tensor([[1.0], [0.0]]))
        tensor([2.])
    """
    _refuse_impossible(lipschitz)
    _refuse_unfit(scores, labels)
    if head.ndim != 2 or len(head) != scores.shape[1]:
        raise ValueError(f"a head of shape {tuple(head.shape)} does not make scores {tuple(scores.shape)}")
    differences = scores.gather(1, labels[:, None]) - scores - error
    distances = torch.cdist(head, head, compute_mode="donot_use_mm_for_euclid_dist")[labels]
    radii = (differences / (lipschitz * distances)).nan_to_num(nan=0.0, posinf=math.inf, neginf=-math.inf)
    return radii.scatter(1, labels[:, None], math.inf).amin(dim=1)


def _refuse_impossible(lipschitz: float) -> None:
    if not 0 < lipschitz < math.inf:
        raise ValueError(f"lipschitz must be positive and finite, got {lipschitz}")


def _refuse_unfit(scores: Tensor, labels: Tensor) -> None:
    if scores.ndim != 2 or scores.shape[1] < 2 or labels.shape != scores.shape[:1]:
        raise ValueError(f"scores {tuple(scores.shape)} and labels {tuple(labels.shape)} do not fit together")
