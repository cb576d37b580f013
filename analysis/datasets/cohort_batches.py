"""Batches for several networks at once, from images that they share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from analysis.datasets.batches import Augmentation, Order

Projection = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Share:
    """What one network sees.

    Attributes:
        rows: Of the shared images, int64, on the CPU: its subset, in the order of the subset.
        generator: Source of its randomness, on the CPU.
        project: From float images to their projection; None for images as they are. Networks on one subspace should
            share one function: their images are projected together.
        noise: Standard deviation of Gaussian noise; 0 for none.
    """

    rows: Tensor
    generator: Generator
    project: Projection | None = None
    noise: float = 0.0


class CohortBatches:
    """Draw a batch for every network, from its own subset and by its own generator.

    The numbers are those of :func:`analysis.datasets.batches.batches` with the same generator: order, augmentation
    and noise are drawn in the same turn.

    Args:
        images: ``uint8``, shape ``(n, c, h, w)``, on the device of the networks.
        labels: Shape ``(n,)``, on the same device.
        shares: Of each network.
        batch_size: Images in every batch.
        augment: As for ``batches``.

    Example:
        >>> images, labels = CohortBatches(images, labels, shares, batch_size=64).draw()
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        shares: Sequence[Share],
        *,
        batch_size: int,
        augment: Augmentation | None = None,
    ) -> None:
        self.images, self.labels, self.batch_size, self.augment = images, labels, batch_size, augment
        self.shares = list(shares)
        self.orders = [Order(len(share.rows), share.generator) for share in shares]

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw the next batch of each network.

        Returns:
            Float images ``(networks, batch_size, c, h, w)`` and labels ``(networks, batch_size)``.
        """
        chosen = [
            share.rows[order.take(self.batch_size)] for share, order in zip(self.shares, self.orders, strict=True)
        ]
        rows = torch.cat(chosen).to(self.images.device)
        images = self.images[rows].float() / 255
        if self.augment is not None:
            parts = zip(images.split(self.batch_size), self.shares, strict=True)
            images = torch.cat([self.augment(part, share.generator) for part, share in parts])
        images = self._projected(images.unflatten(0, (len(self.shares), self.batch_size)))
        for position, share in enumerate(self.shares):
            if share.noise:
                noise = torch.randn(images.shape[1:], generator=share.generator)
                images[position] += share.noise * noise.to(images)
        return images, self.labels[rows].view(len(self.shares), self.batch_size)

    def _projected(self, images: Tensor) -> Tensor:
        groups: dict[Projection, list[int]] = {}
        for position, share in enumerate(self.shares):
            if share.project is not None:
                groups.setdefault(share.project, []).append(position)
        for project, positions in groups.items():
            if len(positions) == len(images):
                return project(images.flatten(0, 1)).view_as(images)
            images[positions] = project(images[positions].flatten(0, 1)).view(len(positions), *images.shape[1:])
        return images

    def keep(self, chosen: Tensor) -> None:
        """Go on with some of the networks.

        Args:
            chosen: Their indices, int64.
        """
        self.shares = [self.shares[index] for index in chosen.tolist()]
        self.orders = [self.orders[index] for index in chosen.tolist()]

    def state(self) -> dict[str, Any]:
        """What the next draws follow from, as tensors on the CPU."""
        return {
            "waiting": [order.waiting.clone() for order in self.orders],
            "generators": [share.generator.get_state() for share in self.shares],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`.

        Args:
            state: Of batches of the same networks.
        """
        for order, waiting in zip(self.orders, state["waiting"], strict=True):
            order.waiting = waiting
        for share, kept in zip(self.shares, state["generators"], strict=True):
            share.generator.set_state(kept)
