"""What a law of learning curves is: an error as a function of the number of samples, and of a few parameters."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """One learning curve to which a law is fitted, and what is known of its scale.

    Attributes:
        sizes: Numbers of samples n, increasing, shape ``(sizes,)``.
        errors: Error at each, in (0, 1), shape ``(sizes,)``.
        chance: Error of guessing; None if it is not known.
    """

    sizes: Array
    errors: Array
    chance: float | None = None

    @property
    def reference(self) -> float:
        """Geometric mean of the sizes: near it, what a law says hardly depends on its exponent."""
        return float(np.exp(np.log(self.sizes).mean()))


@dataclass(frozen=True)
class Bounds:
    """Range of each parameter, in the order of a law's coordinates.

    Attributes:
        low: Shape ``(coordinates,)``.
        high: Shape ``(coordinates,)``.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]


class Law(ABC):
    """An error as a function of n, falling, with coordinates that a regression can move.

    Coordinates are not the parameters that a reader sees: a scale is held as its logarithm at the reference size, where
    it hardly depends on the exponent. A law is made for one curve, whose reference size, largest error and chance its
    coordinates refer to; that is why all of its methods may be applied to the fits of resampled curves too.

    Attributes:
        name: What users call it.
        coordinates: Name of the parameter behind each coordinate.
        curve: What it is made for.
    """

    name: str
    coordinates: tuple[str, ...]

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    @abstractmethod
    def bounds(self) -> Bounds:
        """Range of each coordinate."""

    @abstractmethod
    def starts(self) -> list[Array]:
        """Points from which a regression tries its luck, each of shape ``(coordinates,)``."""

    @abstractmethod
    def value(self, at: Array, sizes: Array) -> Array:
        """What is compared with ``observed``: at coordinates ``(..., coordinates)`` and sizes ``(sizes,)``."""

    @abstractmethod
    def slopes(self, at: Array, sizes: Array) -> Array:
        """Derivative of the value by the coordinates ``(..., coordinates)``, shape ``(..., sizes, coordinates)``."""

    @abstractmethod
    def sizes_at(self, at: Array, error: float) -> Array:
        """The n at which the law has this error, for coordinates ``(..., coordinates)``; inf where it never has."""

    @abstractmethod
    def parameters(self, at: Array) -> dict[str, Array]:
        """What a reader sees, from coordinates ``(..., coordinates)``: name to values of shape ``(...)``."""

    def observed(self, errors: Array) -> Array:
        """Errors on the scale on which deviations are alike: the logarithm."""
        return np.log(errors)

    def error(self, value: Array) -> Array:
        """Errors from that scale, within [0, 1]."""
        return np.minimum(np.exp(np.minimum(value, 0.0)), 1.0)
