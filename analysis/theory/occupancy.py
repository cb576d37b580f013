"""How many corners of the cube n samples reach: what is left unseen, and how many are distinct."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LARGEST_COUNT = 2_048  # samples followed one by one


def unseen_probability(dimension: int, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Probability :math:`(1 - 2^{-d})^n` that a corner is not among n uniform samples.

    Args:
        dimension: Number of coordinates d.
        counts: Numbers of samples n, any shape.

    Returns:
        Probabilities, of the shape of ``counts``.

    Example:
        >>> unseen_probability(1, np.array([0.0, 1.0, 2.0]))
        array([1.  , 0.5 , 0.25])
    """
    if dimension <= np.finfo(np.float64).nmant:
        return np.asarray(np.power(1 - 2.0**-dimension, counts))
    return np.asarray(np.exp(counts * math.log1p(-(2.0**-dimension))))  # 1 - 2^-d would round to 1


def mean_over_distinct(
    falling: Callable[[NDArray[np.float64]], NDArray[np.float64]], dimension: int, counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    r"""Expectation of a falling function of the number D of distinct corners among n samples.

    After k distinct corners the next sample is a new one with probability :math:`1 - k 2^{-d}`, so that the
    distribution of D follows from n - 1 samples to n. D never falls as samples are added; beyond 2,048 samples the
    expectation at 2,048 is given, which is then too large by no more than itself.

    Args:
        falling: From values of D to those of the function, which does not rise with D and is not negative.
        dimension: Number of coordinates d.
        counts: Numbers of samples n, any shape.

    Returns:
        Expectations, exact up to n = 2,048 and upper bounds beyond, of the shape of ``counts``.

    Example:
        >>> mean_over_distinct(lambda distinct: 2.0**-distinct, 1, np.array([1.0, 2.0]))
        array([0.5  , 0.375])
    """
    wanted = np.minimum(counts, LARGEST_COUNT).astype(np.int64)
    distinct = np.arange(wanted.max(initial=0) + 1, dtype=np.float64)
    values, old = falling(distinct), np.minimum(distinct * 2.0**-dimension, 1)
    chance = np.zeros_like(distinct)
    chance[0] = 1
    means = np.empty_like(distinct)
    for n in range(len(distinct)):
        means[n] = chance @ values
        new = chance * (1 - old)
        chance *= old
        chance[1:] += new[:-1]
    return means[wanted]
