"""Certified radii that survive rounding."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from analysis.evaluation.certified import certified_radii, pairwise_radii
from analysis.evaluation.head import split
from analysis.evaluation.scores import BATCH, pixels, scores
from analysis.lipschitz import fold, lipschitz_and_rounding, lipschitz_bound


def sound_radii(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    project: Callable[[Tensor], Tensor] | None = None,
    pairwise: bool = False,
) -> tuple[Tensor, float]:
    r"""Certified l2 radii from a proven Lipschitz bound and float64 margins, minus what rounding can amount to.

    The network's effective weights are frozen (:func:`analysis.lipschitz.fold`). Its Lipschitz constant is bounded
    layer by layer; margins come from a float64 pass, less :math:`\sqrt 2` times its a-priori rounding bound. Where the
    float32 pass, the one that is used, predicts another class, the example counts as wrong. Radii are rounded down to
    float32.

    Args:
        model: A 1-Lipschitz network.
        images: Shape ``(n, c, h, w)``, on the network's device; ``uint8`` is divided by 255, floats are taken as they
            are.
        labels: Shape ``(n,)``, int64.
        project: Applied to the pixels first. The radius is around the projected image.
        pairwise: Whether to divide each difference of scores by the distance of its rows of the last layer, which must
            be dense (:func:`analysis.evaluation.pairwise_radii`): the radii are larger. Else all are divided by
            :math:`\sqrt 2` times the bound.

    Returns:
        Radii, shape ``(n,)``, float32, in units of the pixels, negative where the prediction is wrong; and the
        Lipschitz bound.

    Example:
        >>> radii, lipschitz = sound_radii(network, images, labels)
        >>> certified = (radii > 36 / 255).float().mean()
    """
    shape = tuple(images.shape[1:])
    frozen = fold(model, shape)
    predicted = scores(frozen, images, project=project).argmax(dim=1)
    exact = frozen.double()
    lipschitz, error = lipschitz_and_rounding(exact, shape, largest_norm(images, project))
    values = scores(exact, images, project=project, dtype=torch.float64)
    if pairwise:
        body, rows = split(exact)
        error *= math.sqrt(2) * (1 + 1e-9)
        radii = pairwise_radii(values, labels, rows, lipschitz_bound(body, shape) * (1 + 1e-9), error=error)
        return _in_float32(radii, predicted == labels), lipschitz
    return certified(values, labels, predicted, lipschitz, error), lipschitz


def certified(values: Tensor, labels: Tensor, predicted: Tensor, lipschitz: float, error: float) -> Tensor:
    """Radii from scores of a float64 pass.

    Args:
        values: The scores, shape ``(n, classes)``.
        labels: Shape ``(n,)``, int64.
        predicted: Classes that the float32 pass predicts; where it is wrong the radius is negative.
        lipschitz: Proven bound of the network.
        error: Bound on the rounding of the scores.

    Returns:
        Shape ``(n,)``, float32, rounded down.
    """
    radii = certified_radii(values, labels, lipschitz) - error / lipschitz * (1 + 1e-9)
    return _in_float32(radii, predicted == labels)


def _in_float32(radii: Tensor, correct: Tensor) -> Tensor:
    radii = torch.where(correct, radii, -radii.abs())
    rounded = radii.float()
    down = torch.nextafter(rounded, torch.full_like(rounded, -math.inf))
    return torch.where(rounded.double() > radii, down, rounded)


def largest_norm(images: Tensor, project: Callable[[Tensor], Tensor] | None) -> float:
    """Largest l2 norm of what a network sees.

    Args:
        images: Shape ``(n, c, h, w)``; ``uint8`` is divided by 255.
        project: Applied to the pixels, if given.

    Returns:
        The norm, in float64.
    """
    chunks = images.split(BATCH)
    return max(float(pixels(chunk, project, torch.float64).flatten(1).norm(dim=1).max()) for chunk in chunks)
