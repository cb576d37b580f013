"""Scores of a network on a whole set of images."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

BATCH = 2_000


@torch.no_grad()
def scores(
    model: nn.Module,
    images: Tensor,
    *,
    project: Callable[[Tensor], Tensor] | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Scores in evaluation mode, for all images.

    Args:
        model: Network, its mode restored afterwards.
        images: Shape ``(n, c, h, w)``, on the network's device; ``uint8`` is divided by 255, floats are taken as they
            are.
        project: Applied to the pixels in [0, 1] first, as in training.
        dtype: Precision of the pixels; the network must have the same.

    Returns:
        Shape ``(n, classes)``.

    Example:
        >>> accuracy = (scores(model, images).argmax(1) == labels).float().mean()
    """
    training = model.training
    model.eval()
    try:
        return torch.cat([model(pixels(chunk, project, dtype)) for chunk in images.split(BATCH)])
    finally:
        model.train(training)


def pixels(images: Tensor, project: Callable[[Tensor], Tensor] | None, dtype: torch.dtype) -> Tensor:
    """Pixels as networks take them.

    Args:
        images: Shape ``(n, c, h, w)``; ``uint8`` is divided by 255, floats are taken as they are.
        project: Applied last, if given.
        dtype: Of the result.

    Returns:
        Shape ``(n, c, h, w)``; levels in [0, 1] where nothing is projected.
    """
    values = images.to(dtype)
    if images.dtype == torch.uint8:
        values = values / 255
    return values if project is None else project(values)
