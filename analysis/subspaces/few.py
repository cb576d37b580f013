"""Directions of fewer images than an image has values, from products of the images with one another."""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky
from scipy.linalg.blas import dtrsm

from analysis.subspaces.gram import CENTRE
from analysis.subspaces.moments import LEVELS

VALUES = 1_024  # of every image that are held in float64 at a time

Rows = NDArray[np.uint8] | NDArray[np.floating]


def are_few(images: NDArray[Any]) -> bool:
    """Whether images are fewer than one of them has values, so that their own products are the smaller matrix.

    Args:
        images: Shape ``(n, ...)``.

    Returns:
        True where there is an image, and n is less than the values of one.

    Example:
        >>> are_few(np.zeros((600, 64, 64, 3), dtype=np.uint8))
        True
    """
    return images.ndim > 1 and 0 < len(images) < prod(images.shape[1:])


def products_of(rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Mean image, and the products :math:`K_{ij} = \langle x_i - m, x_j - m \rangle` of centred images.

    Of ``uint8`` images the levels are first centred exactly, around the nearest integers q to their means: all products
    :math:`A_{ij}` of :math:`x_i - q` are integers below :math:`2^{16}` for each value, which float64 adds up exactly,
    in whatever order, for images of up to :math:`2^{37}` values. What is left to subtract is small:
    :math:`K_{ij} = A_{ij} - a_i - a_j + \bar a` with the means :math:`a_i` of the rows of A, and theirs. Floats are
    centred around the first image, then around the mean of that.

    Args:
        rows: Images x, shape ``(n, features)``; ``uint8`` is divided by 255.

    Returns:
        m, pixels in [0, 1], shape ``(features,)``; K, shape ``(n, n)``. The variances of the images along their
        principal directions are the eigenvalues of K over n.

    Example:
        >>> products_of(np.array([[0.0, 0.0], [2.0, 0.0]]))
        (array([1., 0.]), array([[ 1., -1.],
               [-1.,  1.]]))
    """
    mean, products = np.empty(rows.shape[1]), np.zeros((len(rows), len(rows)))
    for _, centred in _centred(rows, mean):
        products += centred @ centred.T  # one symmetric rank-k update: numpy sees that both factors are one array
    means = products.mean(axis=1)
    products -= means
    products -= means[:, None]
    products += means.mean()
    return mean, products / LEVELS**2 if rows.dtype == np.uint8 else products


def mapped_back(rows: Rows, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Orthonormal directions :math:`\sum_i w_i (x_i - m)` from eigenvectors w of the products.

    They are orthogonal but for rounding, which grows in those of small variance. So each is made orthogonal to those
    before it, of larger variance: with the Cholesky factor L of their products, :math:`L^{-1} V` has orthonormal rows.
    As these products are near the identity, that is as exact as a QR decomposition, at an eighth of its time.

    Args:
        rows: Images x, shape ``(n, features)``.
        weights: Eigenvectors as columns by falling eigenvalue, each over the root of its eigenvalue, shape ``(n, k)``.

    Returns:
        Orthonormal rows, shape ``(k, features)``.
    """
    directions = np.empty((weights.shape[1], rows.shape[1]))
    for part, centred in _centred(rows, np.empty(rows.shape[1])):
        centred -= centred.mean(axis=0)
        directions[:, part] = weights.T @ centred
    factor = cholesky(directions @ directions.T, overwrite_a=True, check_finite=False)
    orthonormal: NDArray[np.float64] = dtrsm(1.0, factor, directions.T, side=1, overwrite_b=True)  # in place
    return orthonormal.T


def _centred(rows: Rows, mean: NDArray[np.float64]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield some values of all images around their means, or around integers near these; write the means."""
    for first in range(0, rows.shape[1], VALUES):
        part = slice(first, first + VALUES)
        values = rows[:, part].astype(np.float64)
        if rows.dtype == np.uint8:
            levels = (values - CENTRE).sum(axis=0) / len(values) + CENTRE  # the bits of Moments.mean
            mean[part] = levels / LEVELS
            values -= np.rint(levels)
        else:
            origin = values[0].copy()  # of equal images nothing is left, not even the rounding of their mean
            values -= origin
            shift = values.mean(axis=0)
            values -= shift
            mean[part] = origin + shift
        yield part, values
