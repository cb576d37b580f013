"""Growth from one size to the next, so that a doubling without growth is reported as such."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.scaling.curves import curves_by_group
from analysis.scaling.student import student_interval


@dataclass(frozen=True)
class Growth:
    """Change of accuracy between two consecutive sizes.

    Attributes:
        smaller: Size that the step starts from.
        larger: Size that it leads to.
        slope: Accuracy gained per doubling within the step, as a fraction; mean over groups.
        interval: Low and high end of the interval for the expected slope; (nan, nan) for a single group.
        level: Level of the interval.
    """

    smaller: float
    larger: float
    slope: float
    interval: tuple[float, float]
    level: float

    @property
    def grows(self) -> bool:
        """Whether the whole interval is above 0; False for a single group, which cannot show it."""
        return self.interval[0] > 0


def growth_by_step(
    sizes: ArrayLike, accuracies: ArrayLike, groups: ArrayLike, *, level: float = 0.9
) -> tuple[Growth, ...]:
    r"""Accuracy gained per doubling, for each pair of consecutive sizes.

    In each group :math:`(a_{i+1} - a_i) / \log_2 (n_{i+1} / n_i)`: the difference is taken within the group, so
    that what its nested subsets have in common cancels. Mean and Student's t interval are over groups. Each
    interval holds its level by itself, not all of them together.

    Args:
        sizes: Training set size of each observation, at least 1, shape ``(observations,)``.
        accuracies: Accuracy of each observation, in [0, 1], shape ``(observations,)``.
        groups: Seed of the curve that each observation belongs to, shape ``(observations,)``; every group has
            every size once.
        level: Level of each interval, in (0, 1).

    Returns:
        One step per pair of consecutive sizes, from the smallest on.

    Example:
        >>> steps = growth_by_step([8, 16, 32] * 2, [0.2, 0.3, 0.3, 0.3, 0.4, 0.4], [0, 0, 0, 1, 1, 1])
        >>> [step.grows for step in steps]
        [True, False]
    """
    curves = curves_by_group(sizes, accuracies, groups)
    slopes = np.diff(curves.accuracies, axis=1) / np.diff(np.log2(curves.sizes))
    return tuple(
        Growth(float(smaller), float(larger), float(slope.mean()), student_interval(slope, level), level)
        for smaller, larger, slope in zip(curves.sizes, curves.sizes[1:], slopes.T, strict=False)
    )
