"""Linear classifiers of two Gaussian classes, whose errors are exact."""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Vector: TypeAlias = NDArray[np.float64]

DUAL_NORMS: dict[str, Callable[[Vector], float]] = {
    "l2": lambda weights: float(np.linalg.norm(weights)),
    "linf": lambda weights: float(np.abs(weights).sum()),
}


def linear_error(weights: Vector, mean: Vector, deviations: Vector, radius: float = 0.0, norm: str = "l2") -> float:
    r"""Robust error of :math:`x \mapsto \operatorname{sign} w^T x` on :math:`x = y m + \operatorname{diag}(s) z`.

    With z standard normal and y uniform on {-1, 1}, y w^T x is normal with mean :math:`w^T m` and standard deviation
    :math:`\|s w\|_2`. A perturbation of norm up to r lowers it by at most, and for the right one by exactly,
    :math:`r \|w\|_*`, with the dual norm (l2 of l2, l1 of l-infinity). So the error is

    .. math:: \Phi\Big(\frac{r \|w\|_* - w^T m}{\|s w\|_2}\Big) .

    Args:
        weights: The vector w, shape ``(d,)``; if it is 0 all points are answered +1, with error 1/2.
        mean: The vector m, shape ``(d,)``.
        deviations: The vector s, positive, shape ``(d,)``.
        radius: Of the adversary, r; 0 gives the standard error.
        norm: "l2" or "linf".

    Returns:
        The probability that some perturbation within the radius leads to a wrong answer.

    Example:
        >>> linear_error(np.array([1.0]), np.array([1.0]), np.array([1.0]), radius=1.0)
        0.5
    """
    spread = math.sqrt(float(((deviations * weights) ** 2).sum()))
    if spread == 0:
        return 0.5
    return float(ndtr((radius * DUAL_NORMS[norm](weights) - float(weights @ mean)) / spread))
