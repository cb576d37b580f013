"""Certified radii that survive rounding."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from analysis.evaluation.certified import certified_radii, pairwise_radii
from analysis.evaluation.head import split
from analysis.evaluation.scores import BATCH, pixels, scores
from analysis.lipschitz import fold, lipschitz_bound, rounding_bound


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
    lipschitz = lipschitz_bound(exact, shape)
    error = rounding_bound(exact, shape, _largest_norm(images, project))
    values = scores(exact, images, project=project, dtype=torch.float64)
    if pairwise:
        body, rows = split(exact)
        error *= math.sqrt(2) * (1 + 1e-9)
        radii = pairwise_radii(values, labels, rows, lipschitz_bound(body, shape) * (1 + 1e-9), error=error)
    else:
        radii = certified_radii(values, labels, lipschitz) - error / lipschitz * (1 + 1e-9)
    radii = torch.where(predicted == labels, radii, -radii.abs())
    rounded = radii.float()
    down = torch.nextafter(rounded, torch.full_like(rounded, -math.inf))
    return torch.where(rounded.double() > radii, down, rounded), lipschitz


def _largest_norm(images: Tensor, project: Callable[[Tensor], Tensor] | None) -> float:
    chunks = images.split(BATCH)
    return max(float(pixels(chunk, project, torch.float64).flatten(1).norm(dim=1).max()) for chunk in chunks)
