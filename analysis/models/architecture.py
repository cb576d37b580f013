"""What a family of networks is, as a value."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from analysis import lipschitz

Shape = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the layers of one network follow from.

    Attributes:
        shape: ``(channels, height, width)`` of an image.
        classes: Number of scores.
        width: As the family understands it.
        depth: As the family understands it.
        activation: Name in ``lipschitz.ACTIVATION``.
    """

    shape: Shape
    classes: int
    width: int
    depth: int
    activation: str

    @property
    def features(self) -> int:
        """Number of pixel values of an image."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    @property
    def blocks(self) -> int:
        """Halvings from the next power of two to one pixel."""
        return (max(self.shape[1:]) - 1).bit_length()

    def activate(self, channels: int) -> nn.Module:
        """Make an activation for a number of channels.

        Args:
            channels: Of its input.

        Returns:
            The activation.
        """
        return lipschitz.ACTIVATION[self.activation](channels)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """How to build one family of networks.

    Attributes:
        layers: From a plan to the layers after the mean.
        width: Default width, as a function of the input shape.
        depth: Default depth.
        robust: Whether its networks are 1-Lipschitz, so that margins certify.
    """

    layers: Callable[[Plan], list[nn.Module]]
    width: Callable[[Shape], int]
    depth: int
    robust: bool
