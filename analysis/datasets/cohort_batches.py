"""Batches for several networks at once, from images that they share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from analysis.datasets.batches import Augmentation, Images, Order, sent

Projection = Callable[[Tensor], Tensor]

AHEAD = 32  # steps whose order is drawn at once, where nothing else is drawn in between


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
        images: Images,
        labels: Tensor,
        shares: Sequence[Share],
        *,
        batch_size: int,
        augment: Augmentation | None = None,
    ) -> None:
        self.images, self.labels, self.batch_size, self.augment = images, labels, batch_size, augment
        self.shares = list(shares)
        self.orders = [Order(len(share.rows), share.generator) for share in shares]
        self._ahead = AHEAD if augment is None and not any(share.noise for share in shares) else 1
        self._drawn = torch.empty(len(self.shares), 0, dtype=torch.int64)  # places in the subsets, of coming batches
        self._rows = self._drawn

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw the next batch of each network.

        Returns:
            Float images ``(networks, batch_size, c, h, w)`` and labels ``(networks, batch_size)``.
        """
        if not self._drawn.shape[1]:
            self._draw_ahead()
        rows = sent(self._rows[:, : self.batch_size].flatten(), self.images.device)
        self._drawn, self._rows = self._drawn[:, self.batch_size :], self._rows[:, self.batch_size :]
        images = self.images[rows].float().div_(255)
        if self.augment is not None:
            parts = zip(images.split(self.batch_size), self.shares, strict=True)
            images = torch.cat([self.augment(part, share.generator) for part, share in parts])
        images = self._projected(images.unflatten(0, (len(self.shares), self.batch_size)))
        for position, share in enumerate(self.shares):
            if share.noise:
                noise = torch.randn(images.shape[1:], generator=share.generator)
                images[position] += share.noise * sent(noise, images.device)
        return images, self.labels[rows].view(len(self.shares), self.batch_size)

    def _draw_ahead(self) -> None:
        self._drawn = torch.stack([order.take(self._ahead * self.batch_size) for order in self.orders])
        self._rows = torch.stack([share.rows[row] for share, row in zip(self.shares, self._drawn, strict=True)])

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
        self._drawn, self._rows = self._drawn[chosen.cpu()], self._rows[chosen.cpu()]

    def state(self) -> dict[str, Any]:
        """What the next draws follow from, as tensors on the CPU."""
        return {
            "waiting": [
                torch.cat(parts) for parts in zip(self._drawn, [order.waiting for order in self.orders], strict=True)
            ],
            "generators": [share.generator.get_state() for share in self.shares],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`.

        Args:
            state: Of batches of the same networks.
        """
        for order, waiting in zip(self.orders, state["waiting"], strict=True):
            order.waiting = waiting
        self._drawn, self._rows = self._drawn[:, :0], self._rows[:, :0]
        for share, kept in zip(self.shares, state["generators"], strict=True):
            share.generator.set_state(kept)
