"""Between arrays of features and networks: training, scores and radii, by what the studies use."""

from dataclasses import dataclass
from math import inf

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from analysis import models
from analysis.datasets.batches import batches, order_generator
from analysis.evaluation import scores, sound_radii
from analysis.lipschitz import fold
from analysis.losses import OffsetCrossEntropy
from analysis.training import Descent, find_device, train

Array = NDArray[np.float64]

TOGETHER = 10  # binades of norms that share one bound on rounding


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is built and trained.

    Attributes:
        model: Name, as for ``models.build``.
        classes: Number of classes.
        width: Of its hidden layers.
        depth: Number of its dense layers.
        offset: Of the loss.
        temperature: Of the loss.
        steps: Of the optimiser.
        batch_size: Points in each step.
        learning_rate: Peak of the schedule.
        momentum: Nesterov momentum.
        seed: Decides initial weights and the order of the points.
        device: As torch calls it; None for CUDA where there is one, else the processor.

    Raises:
        ValueError: If a number is impossible, naming it and what is allowed.
    """

    model: str
    classes: int
    width: int
    depth: int
    offset: float
    temperature: float
    steps: int
    batch_size: int
    learning_rate: float
    momentum: float
    seed: int
    device: str | None

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("batch_size", 2), ("seed", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not 0 < self.learning_rate < inf:
            raise ValueError(f"learning_rate must be positive and finite, got {self.learning_rate}")
        if not 0 < self.momentum < 1:
            raise ValueError(f"momentum must lie in (0, 1), got {self.momentum}")


def trained(recipe: Recipe, features: Array, labels: NDArray[np.int64]) -> nn.Module:
    """Build and train a network.

    Args:
        recipe: How.
        features: Centred, shape ``(n, features)``.
        labels: Shape ``(n,)``, from 0.

    Returns:
        The network with its weights written out (:func:`analysis.lipschitz.fold`), on the processor.
    """
    target, shape = find_device(recipe.device), (features.shape[1], 1, 1)
    network = models.build(
        recipe.model,
        input_shape=shape,
        classes=recipe.classes,
        width=recipe.width,
        depth=recipe.depth,
        seed=recipe.seed,
    ).to(target)
    optimizer = Descent(
        network.parameters(), learning_rate=recipe.learning_rate, momentum=recipe.momentum, steps=recipe.steps
    )
    stream = batches(
        _points(features, target).float(),
        torch.from_numpy(labels).to(target),
        batch_size=recipe.batch_size,
        steps=recipe.steps,
        generator=order_generator(recipe.seed),
    )
    loss = OffsetCrossEntropy(recipe.offset, recipe.temperature)
    train(network, stream, loss=loss, optimizer=optimizer)
    return fold(network.cpu(), shape)


def scores_of(network: nn.Module, features: Array, device: str | None) -> Array:
    """Scores in float64, the precision of certificates.

    Args:
        network: From :func:`trained`.
        features: Centred, shape ``(n, features)``.
        device: Where to compute them.

    Returns:
        Shape ``(n, classes)``.
    """
    target = find_device(device)
    held = fold(network, (features.shape[1], 1, 1)).double().to(target)
    return scores(held, _points(features, target), dtype=torch.float64).cpu().numpy()


def radii_of(network: nn.Module, features: Array, labels: NDArray[np.int64], device: str | None) -> Array:
    """Sound certified radii (:func:`analysis.evaluation.sound_radii`).

    Rounding is bounded for the largest norm among the points that are certified together, so that those of very
    different norms are not: no far point costs another its radius.

    Args:
        network: From :func:`trained`.
        features: Centred, shape ``(n, features)``.
        labels: Predicted classes, shape ``(n,)``.
        device: Where to compute them.

    Returns:
        Shape ``(n,)``, in the units of the features; not positive where nothing is certified.
    """
    target = find_device(device)
    held, radii = fold(network, (features.shape[1], 1, 1)).to(target), np.empty(len(features))
    groups = (np.frexp(np.hypot.reduce(features, axis=1))[1] + TOGETHER // 2) // TOGETHER
    for group in np.unique(groups):
        chosen = np.flatnonzero(groups == group)
        given = torch.from_numpy(labels[chosen]).to(target)
        radii[chosen] = sound_radii(held, _points(features[chosen], target), given)[0].cpu().numpy()
    return radii


def _points(features: Array, device: torch.device) -> Tensor:
    """Features as channels of images of one pixel, in float64."""
    return torch.from_numpy(features).to(device)[:, :, None, None]
