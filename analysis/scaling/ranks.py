"""Ends of intervals, as draws of a bootstrap in the order of their size."""

import math

import numpy as np

from analysis.scaling.law import Array

WHOLE = 1e-9  # what rounding may take from a whole rank


def between(draws: Array, level: float) -> tuple[Array, Array]:
    r"""Interval that one more draw falls into with a probability of at least ``level``.

    The ends are the draws of rank :math:`(R + 1)(1 \mp \text{level}) / 2` of R (:ref:`one-more-draw`; Davison and
    Hinkley 1997, Bootstrap Methods and their Application, section 5.3), made whole outwards. Quantiles of the draws
    themselves, of ranks :math:`1 + (R - 1)(1 \mp \text{level}) / 2`, hold 88 instead of 90 % for R = 100. Whole ranks
    need no number between a finite draw and an infinite one. Where draws are too few for the level, the ends are the
    outermost.

    Args:
        draws: At least one, shape ``(draws, ...)``; may be inf.
        level: Probability, in (0, 1).

    Returns:
        Low and high ends, each of shape ``(...)``.

    Raises:
        ValueError: If ``level`` is not strictly between 0 and 1.

    Example:
        >>> low, high = between(np.arange(1.0, 20.0), level=0.9)
        >>> float(low), float(high)
        (1.0, 19.0)
    """
    if not 0 < level < 1:
        raise ValueError(f"level {level} is not strictly between 0 and 1")
    count = len(draws)
    rank = max(math.floor((count + 1) * (1 - level) / 2 + WHOLE), 1)
    ordered = np.sort(draws, axis=0)
    return ordered[rank - 1], ordered[count - rank]
