"""Intervals for a mean over independent groups."""

import numpy as np
from numpy.typing import NDArray

from analysis.scaling.intervals import estimate


def student_interval(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    r"""Student's t interval for the expectation of independent values.

    :math:`\bar v \pm t_{G-1} s / \sqrt G`, where s divides by G - 1; its level is exact for normal values.

    Args:
        values: One value per group, shape ``(G,)``.
        level: Probability with which the interval covers the expectation, in (0, 1).

    Returns:
        Low and high end; (nan, nan) for a single group, which says nothing about its spread.

    Example:
        >>> low, high = student_interval(np.array([1.0, 2.0, 3.0]), level=0.9)
        >>> round(low, 3), round(high, 3)
        (0.314, 3.686)
    """
    result = estimate(values[None], level=level)
    return float(result.low[0]), float(result.high[0])
