"""Numbers of samples, one or many: what the closed forms take and give back."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Count: TypeAlias = int | np.integer[Any]
Counts: TypeAlias = Sequence[int] | NDArray[Any]


def whole_numbers(n: Count | Counts) -> NDArray[np.float64]:
    """Numbers of samples, checked.

    Args:
        n: Numbers of samples, a scalar or any shape.

    Returns:
        The same as floats, which hold more than any integer type, in the same shape.

    Raises:
        ValueError: If one of them is not a whole number of at least 0.

    Example:
        >>> whole_numbers([0, 1, 2])
        array([0., 1., 2.])
    """
    counts = np.asarray(n, dtype=np.float64)
    wrong = ~(np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts)))
    if wrong.any():
        raise ValueError(f"number of samples {counts[wrong][0]:g} is not a whole number of at least 0")
    return counts


def float_if_scalar(values: NDArray[np.float64]) -> float | NDArray[np.float64]:
    """A float in place of an array without axes, so that one number in gives one number out.

    Args:
        values: Values of any shape.

    Returns:
        The values, unchanged unless their shape is ``()``.

    Example:
        >>> float_if_scalar(np.array(0.5))
        0.5
    """
    return float(values) if values.ndim == 0 else values
