"""The 2^d corners of the cube {-1, 1}^d, by number: bit j of a corner's number is the sign of coordinate j."""

import numpy as np
from numpy.typing import NDArray


def corner_points(numbers: NDArray[np.int64], dimension: int) -> NDArray[np.float64]:
    """Coordinates of numbered corners.

    Args:
        numbers: Corners, each from 0 to 2^dimension - 1, shape ``(n,)``.
        dimension: Number of coordinates d.

    Returns:
        Points of {-1, 1}^d, shape ``(n, d)``.

    Example:
        >>> corner_points(np.array([0, 1, 2]), dimension=2)
        array([[-1., -1.],
               [ 1., -1.],
               [-1.,  1.]])
    """
    bits = (numbers[:, None] >> np.arange(dimension)) & 1
    return np.where(bits == 1, 1.0, -1.0)


def corner_numbers(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number of the corner nearest to each point.

    A coordinate of exactly 0 counts as positive. Any perturbation of a corner by less than 1 in every
    coordinate leaves its number as it is.

    Args:
        points: Points of R^d, shape ``(n, d)``.

    Returns:
        Numbers from 0 to 2^d - 1, shape ``(n,)``.

    Example:
        >>> corner_numbers(np.array([[-0.9, 0.2], [1.3, -0.1]]))
        array([2, 1])
    """
    place_values = 1 << np.arange(points.shape[1], dtype=np.int64)
    return (points >= 0) @ place_values


def corner_distances(marked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Number of coordinates in which each corner differs from the nearest marked corner.

    One sweep per coordinate suffices, since the changes of different coordinates add up: d 2^d operations
    instead of one comparison per pair of corners.

    Args:
        marked: Whether each corner is marked, in the order of their numbers, shape ``(2^d,)``.

    Returns:
        Hamming distances, shape ``(2^d,)``; infinite everywhere if no corner is marked.

    Example:
        >>> corner_distances(np.array([True, False, False, False]))
        array([0., 1., 1., 2.])
    """
    distances = np.where(marked, 0.0, np.inf)
    stride = 1
    while stride < len(distances):
        pairs = distances.reshape(-1, 2, stride)  # a view: the two ends of every edge along one coordinate
        np.minimum(pairs, pairs[:, ::-1] + 1, out=pairs)
        stride *= 2
    return distances
