"""Curves with intervals."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class Curve:
    """A measure against an argument, with intervals.

    Attributes:
        label: Name in the legend.
        x: Shape ``(points,)``.
        mean: Shape ``(points,)``; nan where nothing was measured.
        low: Lower ends of the intervals, shape ``(points,)``.
        high: Upper ends, shape ``(points,)``.
        color: As matplotlib takes it.
        style: Of the line.

    Raises:
        ValueError: If the lengths differ.

    Example:
        >>> Curve("standard network", sizes, mean, low, high, "black").plot(axes)
    """

    label: str
    x: ArrayLike
    mean: ArrayLike
    low: ArrayLike
    high: ArrayLike
    color: str
    style: str = "-"

    def __post_init__(self) -> None:
        lengths = {name: len(np.atleast_1d(getattr(self, name))) for name in ("x", "mean", "low", "high")}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"lengths differ: {lengths}")

    def plot(self, axes: Axes) -> None:
        """Draw the means as a line, and the intervals as a band.

        Args:
            axes: To draw on.
        """
        axes.plot(self.x, self.mean, self.style, marker="o", markersize=3.5, color=self.color, label=self.label)
        axes.fill_between(self.x, self.low, self.high, color=self.color, alpha=0.2, linewidth=0)
        axes.update_datalim(np.column_stack((self.x, self.x)), updatey=False)  # points without a mean keep their place


@dataclass(frozen=True, eq=False)
class Prediction:
    """A law against its argument, with a band, solid where it rests on measurements and dashed beyond.

    Attributes:
        label: Name in the legend.
        x: Increasing, shape ``(points,)``.
        mean: Shape ``(points,)``.
        low: Lower ends of the band, shape ``(points,)``.
        high: Upper ends, shape ``(points,)``.
        color: As matplotlib takes it.
        limit: The x from which on the law is an extrapolation.

    Example:
        >>> Prediction("M2", n, error, low, high, "black", limit=600_000).plot(axes)
    """

    label: str
    x: ArrayLike
    mean: ArrayLike
    low: ArrayLike
    high: ArrayLike
    color: str
    limit: float

    def plot(self, axes: Axes) -> None:
        """Draw the line, solid and dashed, and the band.

        Args:
            axes: To draw on.
        """
        x, mean = np.asarray(self.x, dtype=np.float64), np.asarray(self.mean, dtype=np.float64)
        near = x <= self.limit
        axes.plot(x[near], mean[near], color=self.color, label=self.label)
        joined = x >= (x[near].max() if near.any() else x[0])
        axes.plot(x[joined], mean[joined], color=self.color, linestyle=(0, (4, 2)))
        axes.fill_between(x, self.low, self.high, color=self.color, alpha=0.15, linewidth=0)
