"""What a trial starts from: its images, subspace and network, all decided by its own fields."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from analysis import models
from analysis.datasets import Split
from analysis.subspaces import Subspace
from analysis.trials.content import directions
from analysis.trials.trial import Trial

Projection = Callable[[Tensor], Tensor]


def projection(space: Subspace, device: torch.device) -> Projection:
    """Projection of float images ``(n, c, h, w)`` on a subspace, as one product on the device.

    Args:
        space: Over images of ``h * w * c`` values, channels last as they are stored.
        device: Where to hold it.

    Returns:
        A function from images to images of the same shape and dtype.
    """
    projector = torch.from_numpy(space.directions.T @ space.directions).to(device)
    constant = torch.from_numpy(space.mean).to(device) - projector @ torch.from_numpy(space.mean).to(device)
    held = {dtype: (projector.to(dtype), constant.to(dtype)) for dtype in (torch.float32, torch.float64)}

    def project(images: Tensor) -> Tensor:
        matrix, offset = held[images.dtype]
        last = images.permute(0, 2, 3, 1)
        projected = torch.addmm(offset, last.flatten(1), matrix)
        return projected.reshape(last.shape).permute(0, 3, 1, 2)

    return project


def subspace_of(trial: Trial, data_dir: str | Path | None) -> Subspace | None:
    """Span of the trial's bands; None where images stay as they are."""
    if trial.components is None:
        return None
    return directions(trial.dataset, data_dir, trial.validation).bands(*trial.components)


def variance_share_of(trial: Trial, data_dir: str | Path | None) -> float:
    """Share of the variance of the training images that lies in the trial's bands."""
    if trial.components is None:
        return 1.0
    space = directions(trial.dataset, data_dir, trial.validation)
    return sum(space.variance_share(*band) for band in trial.components)


def initial_network(trial: Trial, split: Split, classes: int) -> nn.Sequential:
    """Build the network with its initial weights.

    Args:
        trial: Its seed decides them.
        split: Training images, for their mean.
        classes: Number of classes.

    Returns:
        The network, on the processor.
    """
    height, width, channels = split.images.shape[1:]
    mean = split.images.mean(axis=(0, 1, 2)) / 255
    return models.build(
        trial.model,
        input_shape=(channels, height, width),
        classes=classes,
        width=trial.width,
        depth=trial.depth,
        activation=trial.activation,
        channel_mean=mean.tolist(),
        seed=trial.seed,
    )


def tensors(split: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images as ``uint8`` of shape ``(n, c, h, w)`` and labels, on a device."""
    images = torch.from_numpy(split.images).permute(0, 3, 1, 2).contiguous()
    return images.to(device), torch.from_numpy(split.labels).to(device)
