"""Where features lie and in which unit: what makes any finite numbers fit for single precision."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EPS = 2.0**-52  # twice the largest relative error of one operation
LEAST = 1e-290  # a norm far above what an underflow can amount to


def binade(value: float) -> float:
    """Find the largest power of two that is not above a number.

    Args:
        value: Not negative.

    Returns:
        The power; 1 for zero.

    Example:
        >>> binade(5.5)
        4.0
    """
    return float(np.ldexp(1.0, np.frexp(value)[1] - 1)) if value else 1.0


@dataclass(frozen=True, eq=False)
class Frame:
    r"""The mean of the training features, and a unit: :math:`x \mapsto (x - m) / u`, and nothing else.

    The unit is one power of two for all features, of the size of the root mean square norm around the mean. Dividing by
    it moves no digit, and every radius is multiplied by it again: it only decides what a learning rate means, so that
    volts and millivolts make the same classifier.

    Attributes:
        mean: m, shape ``(features,)``.
        unit: u.

    Example:
        >>> frame = Frame.of(features)
        >>> frame.inside(features)
    """

    mean: Array
    unit: float

    @classmethod
    def of(cls, features: Array) -> "Frame":
        """Find the mean and the unit of training features, shape ``(n, features)``, finite."""
        peak = binade(float(np.abs(features).max()))
        scaled = features / peak  # so that no sum overflows
        mean = scaled.mean(axis=0)
        spread = float(np.sqrt(np.square(scaled - mean).sum(axis=1).mean()))
        return cls(mean * peak, peak * binade(spread))

    def inside(self, features: Array) -> Array:
        """Subtract the mean and divide by the unit: shape ``(n, features)`` to the same."""
        return features / self.unit - self.mean / self.unit

    def radii(self, radii: Array, inside: Array) -> Array:
        r"""Radii in the user's units that are safe where others are safe in this frame.

        A difference in floating point is off by at most :math:`2^{-53}` of itself, so that the point that the network
        sees lies within :math:`2^{-53} \|(x - m) / u\|` of the one meant.

        Args:
            radii: Around the points that the network sees, shape ``(n,)``.
            inside: Those points, shape ``(n, features)``.

        Returns:
            Shape ``(n,)``, rounded down; 0 where nothing is left, or nothing is known.
        """
        norms = np.hypot.reduce(inside, axis=1)  # overflows where the norm itself does only
        kept = np.fmax(radii - EPS * (norms + LEAST), 0)
        outside: Array = kept * (1 - 4 * EPS) * self.unit
        return outside
