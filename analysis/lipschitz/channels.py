"""Maps between numbers of channels and sizes of images: each an isometry, a shift or a projection."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.lipschitz.arithmetic import unit_roundoff
from analysis.lipschitz.bounded import Bounded, Nonexpansive, Shape


class SubtractMean(Bounded):
    """Subtract one constant per channel: a shift, so distances do not change.

    Args:
        mean: Shape ``(channels,)``, pixels in [0, 1].
    """

    mean: Tensor

    def __init__(self, mean: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.reshape(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Shift images of shape ``(n, channels, height, width)``."""
        return x - self.mean

    def lipschitz(self, shape: Shape) -> float:
        """Return 1."""
        return 1.0

    def offset(self, shape: Shape) -> float:
        """Norm of the image that is subtracted."""
        return float(self.mean.double().norm()) * math.sqrt(math.prod(shape[1:]))

    def rounding(self, shape: Shape, norm: float) -> float:
        """One rounding of each difference."""
        return unit_roundoff(self.mean) * (norm + self.offset(shape))


class ZeroChannels(Nonexpansive):
    """Append channels of zeros up to a width: an isometry (ZeroChannelConcatenation of Prach and Lampert 2022).

    Args:
        width: Number of channels afterwards.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, x: Tensor) -> Tensor:
        """Widen axis 1 of a tensor of shape ``(n, channels, ...)``.

        Args:
            x: Shape ``(n, channels, ...)``.

        Returns:
            Shape ``(n, width, ...)``.

        Raises:
            ValueError: If there are more channels than ``width``.
        """
        missing = self.width - x.shape[1]
        if missing < 0:
            raise ValueError(f"cannot widen {x.shape[1]} channels to {self.width}")
        zeros = x.new_zeros((x.shape[0], missing, *x.shape[2:]))
        return torch.cat((x, zeros), dim=1)


class FirstChannels(Nonexpansive):
    """Keep the first channels: a projection.

    Args:
        width: Number of channels kept.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, x: Tensor) -> Tensor:
        """Cut axis 1 of a tensor of shape ``(n, channels, ...)``.

        Args:
            x: Shape ``(n, channels, ...)``.

        Returns:
            Shape ``(n, width, ...)``.

        Raises:
            ValueError: If there are fewer channels than ``width``.
        """
        if x.shape[1] < self.width:
            raise ValueError(f"cannot keep {self.width} of {x.shape[1]} channels")
        return x[:, : self.width]


class ZeroFrame(Nonexpansive):
    """Surround images with zeros up to a given side: an isometry.

    Args:
        height: Height afterwards.
        width: Width afterwards.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Tensor) -> Tensor:
        """Pad images of shape ``(n, channels, h, w)``, the odd row and column at the end.

        Args:
            x: Shape ``(n, channels, h, w)``.

        Returns:
            Shape ``(n, channels, height, width)``.

        Raises:
            ValueError: If the images are larger than the frame.
        """
        down, right = self.height - x.shape[2], self.width - x.shape[3]
        if down < 0 or right < 0:
            raise ValueError(f"{x.shape[2]} x {x.shape[3]} images exceed the {self.height} x {self.width} frame")
        return F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
