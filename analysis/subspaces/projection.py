"""Products of many images with directions, a chunk at a time, at the speed of the bare product."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.subspaces.moments import LEVELS

ROWS = 1024  # images per product: enough for its full speed, few enough for the passes around it to stay in cache

Rows = NDArray[np.uint8] | NDArray[np.floating]


def result_dtype(images: NDArray[np.uint8] | NDArray[np.floating]) -> np.dtype[np.floating]:
    """Tell the precision of what is computed from images.

    Args:
        images: ``uint8`` or floating.

    Returns:
        float32, or that of the images where it is higher.
    """
    return np.dtype(np.float32) if images.dtype == np.uint8 else np.result_type(images.dtype, np.float32)


def destination(
    out: NDArray[np.floating] | None, shape: tuple[int, ...], dtype: np.dtype[np.floating]
) -> NDArray[np.floating]:
    """Take the array given for a result, or make one.

    Args:
        out: What the caller gave, if anything.
        shape: Of the result.
        dtype: Of the result.

    Returns:
        ``out`` itself, or a new array.

    Raises:
        ValueError: If ``out`` has another shape or dtype, or cannot be viewed as rows.
    """
    if out is None:
        return np.empty(shape, dtype)
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous:
        kind = "contiguous" if out.flags.c_contiguous else "non-contiguous"
        raise ValueError(f"out must be contiguous {dtype} of shape {shape}, got {kind} {out.dtype} of {out.shape}")
    return out


def coordinates_of(
    rows: Rows, mean: NDArray[np.float64], directions: NDArray[np.float64], out: NDArray[np.floating]
) -> None:
    r"""Write :math:`(x - m) V^\top`.

    Args:
        rows: Images x, shape ``(n, features)``; ``uint8`` is divided by 255.
        mean: m, shape ``(features,)``.
        directions: Orthonormal rows of V, shape ``(k, features)``.
        out: Shape ``(n, k)``; its dtype is that of the arithmetic.
    """
    held = directions.T.astype(out.dtype)
    for part, centred in _centred(rows, mean, out.dtype):
        np.matmul(centred, held, out=out[part])


def project_rows(
    rows: Rows, mean: NDArray[np.float64], directions: NDArray[np.float64], out: NDArray[np.floating]
) -> None:
    r"""Write :math:`m + (x - m) V^\top V`.

    With the projector :math:`V^\top V` this is one product of :math:`2 n p^2` operations after :math:`k p^2` for the
    projector, else two products of :math:`2 n p k` each. The cheaper is taken: for large sets one product where the
    band holds more than half of the directions, two where it holds fewer.

    Args:
        rows: Images x, shape ``(n, features)``; ``uint8`` is divided by 255.
        mean: m, shape ``(features,)``.
        directions: Orthonormal rows of V, shape ``(k, features)``.
        out: Shape ``(n, features)``, perhaps ``rows`` itself; its dtype is that of the arithmetic.
    """
    count, features = directions.shape
    offset = mean.astype(out.dtype)
    if 4 * len(rows) * count > (2 * len(rows) + 2 * count) * features:  # the projector's float64 counts twice
        projector = (directions.T @ directions).astype(out.dtype)
        for part, centred in _centred(rows, mean, out.dtype):
            np.matmul(centred, projector, out=out[part])
            out[part] += offset
        return
    held = directions.astype(out.dtype)
    for part, centred in _centred(rows, mean, out.dtype):
        np.matmul(centred @ held.T, held, out=out[part])
        out[part] += offset


def _centred(
    rows: Rows, mean: NDArray[np.float64], dtype: np.dtype[np.floating]
) -> Iterator[tuple[slice, NDArray[np.floating]]]:
    """Yield pixels minus the mean, each chunk in the buffer of the one before."""
    buffer = np.empty((min(ROWS, len(rows)), rows.shape[1]), dtype)
    offset = mean.astype(dtype)
    for start in range(0, len(rows), ROWS):
        part = slice(start, min(start + ROWS, len(rows)))
        centred = buffer[: part.stop - start]
        if rows.dtype == np.uint8:
            np.divide(rows[part], dtype.type(LEVELS), out=centred)
            centred -= offset
        else:
            np.subtract(rows[part], offset, out=centred)
        yield part, centred
