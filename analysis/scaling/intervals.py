"""Means over repeats, and how well they are known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit


@dataclass(frozen=True, eq=False)
class Estimate:
    """Means over repeats with their intervals.

    Attributes:
        mean: Shape ``(points,)``; nan where nothing was measured.
        low: Lower ends, shape ``(points,)``; nan where there are fewer than two repeats.
        high: Upper ends, shape ``(points,)``.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def estimate(values: ArrayLike, *, level: float = 0.9, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Estimate:
    r"""Mean and Student's t interval :math:`\bar x \pm t_{G-1} s / \sqrt G` over repeats.

    Args:
        values: Shape ``(points, repeats)``; nan marks a repeat that is missing.
        level: Coverage of each interval.
        bounds: Range of the quantity, such as (0, 1); intervals are cut to it.

    Returns:
        One mean and interval per point.

    Raises:
        ValueError: If ``values`` has not two axes or ``level`` is not strictly between 0 and 1.

    Example:
        >>> estimate([[0.8, 0.9, 1.0]]).mean
        array([0.9])
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"values must have shape (points, repeats), got {table.shape}")
    if not 0 < level < 1:
        raise ValueError(f"level {level} is not strictly between 0 and 1")
    counts = np.isfinite(table).sum(axis=1)
    some, several = np.where(counts > 0, counts, np.nan), np.where(counts > 1, counts, np.nan)
    mean = np.nansum(table, axis=1) / some
    variance = np.nansum((table - mean[:, None]) ** 2, axis=1) / (several - 1)
    half = stdtrit(several - 1, (1 + level) / 2) * np.sqrt(variance / several)
    return Estimate(mean, np.clip(mean - half, *bounds), np.clip(mean + half, *bounds))
