"""The log-linear law: accuracy gains the same number of points with every doubling of the data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.scaling.curves import curves_by_group
from analysis.scaling.student import student_interval


@dataclass(frozen=True)
class Doubling:
    """What a doubling of the data is worth, on average over the sizes.

    Attributes:
        slope: Accuracy gained per doubling, as a fraction: 0.02 is two points.
        interval: Low and high end of the interval for the expected slope; (nan, nan) for a single group.
        level: Level of the interval.
    """

    slope: float
    interval: tuple[float, float]
    level: float


def points_per_doubling(sizes: ArrayLike, accuracies: ArrayLike, groups: ArrayLike, *, level: float = 0.9) -> Doubling:
    r"""Fit :math:`\text{accuracy} = p + q \log_2 n` by least squares; q is gained per doubling.

    The line is fitted to each group, and the interval is Student's t over their slopes, with one degree of
    freedom less than groups. As every group has every size, the mean of the slopes is the slope of one line
    through all observations.

    Args:
        sizes: Training set size n of each observation, at least 1, shape ``(observations,)``.
        accuracies: Accuracy of each observation, in [0, 1], shape ``(observations,)``.
        groups: Seed of the curve that each observation belongs to, shape ``(observations,)``; every group has
            every size once.
        level: Level of the interval, in (0, 1).

    Returns:
        Slope and interval.

    Example:
        >>> doubling = points_per_doubling([100, 200, 400], [0.5, 0.52, 0.54], [0, 0, 0])
        >>> round(doubling.slope, 6)
        0.02
    """
    curves = curves_by_group(sizes, accuracies, groups)
    doublings = np.log2(curves.sizes)
    doublings -= doublings.mean()
    slopes = curves.accuracies @ doublings / (doublings @ doublings)
    return Doubling(float(slopes.mean()), student_interval(slopes, level), level)
