"""Images as rows."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.subspaces.gram import ROWS


def flatten(images: ArrayLike, features: int | None = None) -> NDArray[np.uint8] | NDArray[np.floating]:
    """View images as rows of features, refusing what has no moments.

    Args:
        images: Shape ``(n, ...)``, ``uint8`` or floating.
        features: Values that each image must have; any number if None.

    Returns:
        Shape ``(n, features)``, of the same dtype.

    Raises:
        ValueError: If the dtype is neither ``uint8`` nor floating, the width is wrong, or a value is not finite.

    Example:
        >>> flatten(np.zeros((5, 8, 8, 1), dtype=np.uint8)).shape
        (5, 64)
    """
    array = np.asarray(images)
    if array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"images must be uint8 or floating, got {array.dtype}")
    if array.ndim < 2:
        raise ValueError(f"images need an axis for the samples and one for the pixels, got shape {array.shape}")
    rows = array.reshape(len(array), math.prod(array.shape[1:]))
    if features is not None and rows.shape[1] != features:
        raise ValueError(f"expected {features} values per image, got {rows.shape[1]} (shape {array.shape})")
    if rows.dtype != np.uint8 and not _finite(rows):
        raise ValueError("images contain values that are not finite")
    return rows


def _finite(rows: NDArray[np.floating]) -> bool:
    return all(np.isfinite(rows[start : start + ROWS]).all() for start in range(0, len(rows), ROWS))
