"""Scores and certified radii of networks of one architecture, in passes that they share."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import chain

import torch
from torch import Tensor, nn

from analysis.evaluation.rest import at_rest
from analysis.evaluation.scores import BATCH, pixels
from analysis.evaluation.sound import certified, largest_norm
from analysis.lipschitz import fold, lipschitz_and_rounding

Projection = Callable[[Tensor], Tensor]


@torch.no_grad()
def scores_together(
    models: Sequence[nn.Module],
    images: Tensor,
    *,
    project: Projection | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Scores of each network on the same images, in evaluation mode.

    Layer by layer: dense ones are one batched product, those that hold nothing are applied to all at once, and any
    other to each network's values. Up to rounding these are the networks' own scores
    (:func:`analysis.evaluation.scores`).

    Args:
        models: Of equal layers, whatever these hold; their modes are restored.
        images: As of :func:`analysis.evaluation.scores`.
        project: Likewise.
        dtype: Likewise.

    Returns:
        Shape ``(networks, n, classes)``.

    Example:
        >>> scores_together([first, second], images).argmax(2).shape
        torch.Size([2, 500])
    """
    batch = -(-BATCH // len(models))  # of all networks together as many values as of one
    with ExitStack() as stack:
        for model in models:
            stack.enter_context(at_rest(model))
        return torch.cat([_scores(models, pixels(chunk, project, dtype)) for chunk in images.split(batch)], dim=1)


def sound_radii_together(
    models: Sequence[nn.Module], images: Tensor, labels: Tensor, *, project: Projection | None = None
) -> list[tuple[Tensor, float]]:
    """Certified radii of each network (:func:`analysis.evaluation.sound_radii`), from passes that all share.

    A batched product sums in an order of its own. The rounding bound holds for every order, so that the radii are as
    sound, and differ by no more than it.

    Args:
        models: 1-Lipschitz networks of equal layers.
        images: Shape ``(n, c, h, w)``, on the networks' device.
        labels: Shape ``(n,)``, int64.
        project: Applied to the pixels first.

    Returns:
        Of each network, radii of shape ``(n,)``, and its Lipschitz bound.

    Example:
        >>> [(radii, lipschitz), _] = sound_radii_together([first, second], images, labels)
    """
    shape, norm = tuple(images.shape[1:]), largest_norm(images, project)
    frozen = [fold(model, shape) for model in models]
    predicted = scores_together(frozen, images, project=project).argmax(dim=2)
    exact = [each.double() for each in frozen]
    values = scores_together(exact, images, project=project, dtype=torch.float64)
    bounds = [lipschitz_and_rounding(each, shape, norm) for each in exact]
    return [
        (certified(own, labels, guess, lipschitz, error), lipschitz)
        for own, guess, (lipschitz, error) in zip(values, predicted, bounds, strict=True)
    ]


def _scores(models: Sequence[nn.Module], images: Tensor) -> Tensor:
    values = images.expand(len(models), *images.shape)
    for layers in zip(*map(_layers, models), strict=True):
        values = _applied(layers, values)
    return values


def _layers(model: nn.Module) -> list[nn.Module]:
    return list(model) if isinstance(model, nn.Sequential) else [model]


def _applied(layers: Sequence[nn.Module], values: Tensor) -> Tensor:
    """One layer of each network, applied to its values, shape ``(networks, n, ...)``."""
    first = layers[0]
    held = [name for name, _ in chain(first.named_parameters(), first.named_buffers())]
    if type(first) is nn.Linear and held == ["weight"] and values.ndim == 3:
        return torch.bmm(values, torch.stack([layer.get_parameter("weight") for layer in layers]).mT)
    if not held:
        output: Tensor = first(values.flatten(0, 1))
        return output.reshape(*values.shape[:2], *output.shape[1:])
    return torch.stack([layer(own) for layer, own in zip(layers, values, strict=True)])
