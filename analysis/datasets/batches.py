"""Endless, equally sized batches from data that already lies on the device."""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

Augmentation = Callable[[Tensor, Generator], Tensor]


class Images(Protocol):
    """A tensor of images, or what hands them out as one would, such as images that stay in their file."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the images."""

    @property
    def device(self) -> torch.device:
        """Where the indices are wanted."""

    def __len__(self) -> int:
        """Their number."""

    def __getitem__(self, indices: Tensor, /) -> Tensor:
        """Those asked for, on the device of the network."""


class Order:
    """An endless row of random permutations, from which indices are taken.

    Args:
        count: Number of images.
        generator: Source of the permutations, on the CPU.

    Attributes:
        waiting: Indices that have been drawn and not taken, int64.

    Example:
        >>> Order(3, torch.Generator()).take(6).bincount()
        tensor([2, 2, 2])
    """

    def __init__(self, count: int, generator: Generator) -> None:
        self.count, self.generator = count, generator
        self.waiting = torch.empty(0, dtype=torch.int64)

    def take(self, count: int) -> Tensor:
        """Take the next indices, shape ``(count,)``; permutations are drawn as they are needed."""
        while self.waiting.shape[0] < count:  # several times as fast as len
            self.waiting = torch.cat((self.waiting, torch.randperm(self.count, generator=self.generator)))
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken


def order_generator(seed: int) -> Generator:
    """Make the source of a training's order and augmentation: a stream apart from that of the initial weights.

    Args:
        seed: Decides both.

    Returns:
        A generator on the CPU.

    Example:
        >>> batches(images, labels, batch_size=64, steps=500, generator=order_generator(0))
    """
    state = np.random.SeedSequence([seed, 1]).generate_state(1, np.uint64)[0]
    return Generator().manual_seed(int(state >> 1))


def index_stream(count: int, *, batch_size: int, generator: Generator) -> Iterator[Tensor]:
    """Cut an endless row of random permutations into batches of one size.

    No image is ever left out and no batch is short: batches cross the borders between epochs, and a set smaller
    than a batch appears in it several times.

    Args:
        count: Number of images.
        batch_size: Indices in each batch.
        generator: Source of the permutations, on the CPU.

    Yields:
        Indices, shape ``(batch_size,)``, int64.

    Raises:
        ValueError: If ``count`` or ``batch_size`` is not positive.

    Example:
        >>> next(index_stream(3, batch_size=6, generator=torch.Generator())).bincount()
        tensor([2, 2, 2])
    """
    if count < 1 or batch_size < 1:
        raise ValueError(f"count and batch_size must be at least 1, got {count} and {batch_size}")
    order = Order(count, generator)
    while True:
        yield order.take(batch_size)


def sent(drawn: Tensor, device: torch.device) -> Tensor:
    """Send what was drawn on the processor to a device, without waiting until it has done what it was given before.

    A copy from ordinary memory would make a graphics card's processor wait at every step.

    Args:
        drawn: On the CPU.
        device: Where it goes.

    Returns:
        The same values there.

    Example:
        >>> sent(torch.randperm(4), torch.device("cpu")).sum()
        tensor(6)
    """
    pinned = drawn.pin_memory() if device.type == "cuda" else drawn
    return pinned.to(device, non_blocking=True)


def batches(
    images: Images,
    labels: Tensor,
    *,
    batch_size: int,
    steps: int,
    generator: Generator,
    augment: Augmentation | None = None,
    project: Callable[[Tensor], Tensor] | None = None,
    noise: float = 0.0,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield training batches: chosen on the device, converted to [0, 1], augmented, projected, and blurred by noise.

    Args:
        images: Shape ``(n, c, h, w)``, on the device of the network; ``uint8`` is divided by 255, floats are taken as
            they are.
        labels: Shape ``(n,)``, on the same device.
        batch_size: Images in every batch.
        steps: Number of batches.
        generator: Source of all randomness, on the CPU.
        augment: From float images and a generator to images of the same shape.
        project: From float images to their projection; applied after the augmentation, so that a network never sees
            anything outside its subspace but noise.
        noise: Standard deviation of Gaussian noise that is added last, in all directions: what a smoothed classifier
            sees.

    Yields:
        Float images ``(batch_size, c, h, w)`` and labels ``(batch_size,)``.
    """
    stream = index_stream(len(images), batch_size=batch_size, generator=generator)
    for _, chosen in zip(range(steps), stream, strict=False):
        indices = sent(chosen, images.device)
        batch = images[indices].float()
        if images.dtype == torch.uint8:
            batch = batch / 255
        if augment is not None:
            batch = augment(batch, generator)
        if project is not None:
            batch = project(batch)
        if noise:
            batch = batch + noise * sent(torch.randn(batch.shape, generator=generator), batch.device)
        yield batch, labels[indices]


def shift(images: Tensor, generator: Generator) -> Tensor:
    """Move every image by its own random offset, up to an eighth of its side, filling with zeros.

    Args:
        images: Shape ``(n, c, h, w)``.
        generator: Source of the offsets, on the CPU.

    Returns:
        Same shape.
    """
    count, _, height, width = images.shape
    down, right = max(height // 8, 1), max(width // 8, 1)
    padded = F.pad(images, (right, right, down, down))
    rows = torch.randint(2 * down + 1, (count, 1), generator=generator) + torch.arange(height)
    columns = torch.randint(2 * right + 1, (count, 1), generator=generator) + torch.arange(width)
    rows, columns = sent(rows, images.device), sent(columns, images.device)
    picked = padded.gather(2, rows[:, None, :, None].expand(-1, images.shape[1], -1, padded.shape[3]))
    return picked.gather(3, columns[:, None, None, :].expand(-1, images.shape[1], height, -1))


def flip(images: Tensor, generator: Generator) -> Tensor:
    """Mirror every image left to right with probability one half.

    Args:
        images: Shape ``(n, c, h, w)``.
        generator: Source of the coin flips, on the CPU.

    Returns:
        Same shape.
    """
    mirrored = sent(torch.rand(len(images), generator=generator) < 0.5, images.device)
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


def shift_flip(images: Tensor, generator: Generator) -> Tensor:
    """Shift every image, then mirror half of them.

    Args:
        images: Shape ``(n, c, h, w)``.
        generator: Source of the randomness, on the CPU.

    Returns:
        Same shape.
    """
    return flip(shift(images, generator), generator)


AUGMENTATIONS: dict[str, Augmentation | None] = {"none": None, "shift": shift, "flip": flip, "shift-flip": shift_flip}
