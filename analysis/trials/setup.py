"""What a trial starts from: its images, subspace and network, all decided by its own fields."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from analysis import models
from analysis.datasets import Split
from analysis.datasets.batches import Images, sent
from analysis.subspaces import Subspace
from analysis.trials.content import directions
from analysis.trials.trial import Trial

Projection = Callable[[Tensor], Tensor]
WIDE = 3_072  # values of an image up to which projectors are formed: 38 MB, and what is recorded was projected by them
HELD = 2**30  # bytes of a subset; a larger one stays in the file that it is mapped from


def projection(space: Subspace, device: torch.device) -> Projection:
    r"""Projection of float images ``(n, c, h, w)`` on a subspace, on the device.

    One product with the projector :math:`V^\top V`; of images of more than ``WIDE`` values two products with V, whose
    projector would take gigabytes.

    Args:
        space: Over images of ``h * w * c`` values, channels last as they are stored.
        device: Where to hold it.

    Returns:
        A function from images to images of the same shape and dtype.
    """
    thin = space.directions.shape[1] > WIDE
    matrix = torch.from_numpy(space.directions if thin else space.directions.T @ space.directions).to(device)
    mean = torch.from_numpy(space.mean).to(device)
    constant = mean - (matrix.mT @ (matrix @ mean) if thin else matrix @ mean)
    held = {dtype: (matrix.to(dtype), constant.to(dtype)) for dtype in (torch.float32, torch.float64)}

    def project(images: Tensor) -> Tensor:
        factor, offset = held[images.dtype]
        last = images.permute(0, 2, 3, 1)
        rows = last.flatten(1) @ factor.mT if thin else last.flatten(1)
        return torch.addmm(offset, rows, factor).reshape(last.shape).permute(0, 3, 1, 2)

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
    return models.build(
        trial.model,
        input_shape=(channels, height, width),
        classes=classes,
        width=trial.width,
        depth=trial.depth,
        activation=trial.activation,
        channel_mean=_channel_mean(split),
        seed=trial.seed,
    )


@lru_cache(maxsize=2)
def _channel_mean(split: Split) -> list[float]:
    """Once for all trials of a process: it reads every image."""
    mean: list[float] = (split.images.mean(axis=(0, 1, 2)) / 255).tolist()
    return mean


def tensors(split: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images as ``uint8`` of shape ``(n, c, h, w)`` and labels, on a device."""
    images = torch.from_numpy(split.images).permute(0, 3, 1, 2).contiguous()
    return images.to(device), torch.from_numpy(split.labels).to(device)


@dataclass(frozen=True)
class MappedImages:
    """Some of the images of a mapped file, read when they are asked for: workers share what the system keeps of it.

    Attributes:
        images: All of the file, ``uint8``, shape ``(n, h, w, c)``.
        rows: Which of them, int64.
        target: Where those that are asked for go.
    """

    images: NDArray[np.uint8]
    rows: NDArray[np.int64]
    target: torch.device
    dtype: ClassVar[torch.dtype] = torch.uint8
    device: ClassVar[torch.device] = torch.device("cpu")  # of the indices

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, indices: Tensor) -> Tensor:
        read = torch.from_numpy(np.asarray(self.images[self.rows[indices.numpy()]]))
        return sent(read.permute(0, 3, 1, 2).contiguous(), self.target)


def training_set(split: Split, chosen: NDArray[np.int64], device: torch.device) -> tuple[Images, Tensor]:
    """Images of a subset as ``uint8`` of shape ``(n, c, h, w)`` and labels, on a device.

    Args:
        split: All training images.
        chosen: Which, shape ``(n,)``.
        device: Where networks are trained.

    Returns:
        Tensors; in place of the first :class:`MappedImages` where the images are mapped and many.
    """
    size = len(chosen) * split.images[0].nbytes
    if size <= HELD or not isinstance(split.images, np.memmap):
        return tensors(split.part(chosen), device)
    return MappedImages(split.images, chosen, device), torch.from_numpy(split.labels[chosen]).to(device)
