"""What else to ask of a subspace: how long the data is in it, how much it says of the class, how sure it is."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import subspace_angles

from analysis.subspaces.flatten import flatten
from analysis.subspaces.moments import LEVELS
from analysis.subspaces.principal import principal_subspace
from analysis.subspaces.projection import ROWS
from analysis.subspaces.subspace import Subspace


def typical_norm(subspace: Subspace) -> float:
    r"""Root mean square norm of the data's component in a subspace, around the mean.

    It is :math:`\sqrt{\sum_i \lambda_i}` over the variances :math:`\lambda_i`. A perturbation of that size can move a
    typical image to the mean of the band, so that a classifier of the band alone is robust at smaller radii only.

    Args:
        subspace: A band of directions.

    Returns:
        L2, pixels in [0, 1].

    Example:
        >>> typical_norm(subspace.band(512, None)) < 36 / 255
        False
    """
    return float(np.sqrt(subspace.variances.sum()))


def share_within(subspace: Subspace, images: ArrayLike, radius: float) -> float:
    """Share of images whose component in a subspace, around the mean, is shorter than a radius.

    Args:
        subspace: A band of directions.
        images: Shape ``(n, ...)``; ``uint8`` is divided by 255.
        radius: L2, pixels in [0, 1]; not negative.

    Returns:
        In [0, 1].

    Raises:
        ValueError: If there is no image, or the radius is negative or no number.

    Example:
        >>> share_within(subspace.band(512, None), images, 36 / 255)
    """
    if not radius >= 0:
        raise ValueError(f"radius must not be negative, got {radius}")
    norms = [np.linalg.norm(coordinates, axis=1) for coordinates in _coordinates(subspace, images)]
    return float((np.concatenate(norms) < radius).mean())


def between_class_share(subspace: Subspace, images: ArrayLike, labels: ArrayLike) -> float:
    r"""Share of the variance within a subspace that lies between the means of the classes.

    With the projection P on the subspace, it is :math:`\operatorname{tr}(P S_B) / \operatorname{tr}(P S_T)` for the
    between-class and the total scatter (Fukunaga, *Introduction to Statistical Pattern Recognition*, 10.2): 0 where
    all classes have one mean, 1 where all images of a class are equal there.

    Args:
        subspace: A band of directions.
        images: Shape ``(n, ...)``; ``uint8`` is divided by 255.
        labels: Class of each image, shape ``(n,)``.

    Returns:
        In [0, 1].

    Raises:
        ValueError: If labels do not go with the images, or the images do not vary in the subspace.

    Example:
        >>> between_class_share(subspace.band(0, 16), train.images, train.labels)
    """
    classes, members = np.unique(np.asarray(labels), return_inverse=True)
    count = len(np.asarray(images))
    if members.shape != (count,):
        raise ValueError(f"{count} images do not go with labels of shape {np.shape(labels)}")
    sums = np.zeros((len(classes), len(subspace.directions)))
    squares, start = 0.0, 0
    for coordinates in _coordinates(subspace, images):
        np.add.at(sums, members[start : start + len(coordinates)], coordinates)
        squares, start = squares + float(np.square(coordinates).sum()), start + len(coordinates)
    overall = float(np.square(sums.sum(axis=0)).sum()) / count
    between = float((np.square(sums).sum(axis=1) / np.bincount(members)).sum()) - overall
    if not squares > overall:
        raise ValueError("the images do not vary in this subspace")
    return min(max(between / (squares - overall), 0.0), 1.0)


def principal_angles(first: Subspace, second: Subspace) -> NDArray[np.float64]:
    """Principal angles between the directions of two subspaces, whatever their means.

    By ``scipy.linalg.subspace_angles`` (Knyazev and Argentati, 2002), which is exact for small angles as well. Where
    the dimensions k and l exceed the features p, k + l - p of the angles are zero.

    Args:
        first: A band of directions of one data set, or of one half.
        second: One of another, over as many features.

    Returns:
        Angles in radians, falling, shape ``(min(k, l),)``.

    Raises:
        ValueError: If the numbers of features differ.

    Example:
        >>> principal_angles(subspace.band(0, 4), subspace.band(4, 8))
        array([1.57079633, 1.57079633, 1.57079633, 1.57079633])
    """
    features, others = first.directions.shape[1], second.directions.shape[1]
    if features != others:
        raise ValueError(f"subspaces over {features} and {others} features have no angles")
    angles: NDArray[np.float64] = subspace_angles(first.directions.T, second.directions.T)
    return angles


def half_angles(images: ArrayLike, first: int, last: int | None = None, *, seed: int = 0) -> NDArray[np.float64]:
    """Principal angles between a band as found in two random halves of the images: how far to trust it.

    Args:
        images: Shape ``(n, ...)``; of an odd number one is left out.
        first: First direction of the band.
        last: One past its last direction; None for all the rest.
        seed: Decides the halves.

    Returns:
        Angles in radians, falling; small where n images determine the band.

    Example:
        >>> [half_angles(images[:n], 512)[0] for n in (5_000, 10_000, 50_000)]  # how stable is the tail with n?
    """
    rows = flatten(images)
    order = np.random.default_rng(seed).permutation(len(rows))
    middle = len(rows) // 2
    halves = [np.sort(order[:middle]), np.sort(order[middle : 2 * middle])]
    one, other = (principal_subspace(rows[half]).band(first, last) for half in halves)
    return principal_angles(one, other)


def _coordinates(subspace: Subspace, images: ArrayLike) -> Iterator[NDArray[np.float64]]:
    """A few images at a time, in float64: in the last directions they are as small as float32 rounds to."""
    rows = flatten(images, len(subspace.mean))
    if not len(rows):
        raise ValueError("there are no images to measure")
    for start in range(0, len(rows), ROWS):
        pixels = rows[start : start + ROWS].astype(np.float64)
        if rows.dtype == np.uint8:
            pixels /= LEVELS
        yield subspace.coordinates(pixels).astype(np.float64, copy=False)
