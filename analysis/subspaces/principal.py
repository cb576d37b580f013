"""Subspaces spanned by principal directions, and projections into them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from analysis.subspaces.flatten import flatten
from analysis.subspaces.moments import LEVELS, Moments

Band = tuple[int, int | None]  # half-open range of directions; None: up to the last


@dataclass(frozen=True, eq=False)
class Subspace:
    """An affine subspace, with orthonormal directions ordered by falling variance.

    Attributes:
        mean: Mean image, a point of the subspace, pixels in [0, 1], shape ``(features,)``.
        directions: Orthonormal rows, shape ``(k, features)``.
        variances: Variance of the data along each direction (divided by n), shape ``(k,)``, falling.
        null_dimension: Number of directions of the pixel space along which the data does not vary at all.

    Example:
        >>> tail = principal_subspace(images).band(50, None)
        >>> projected = tail.project(images)
    """

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]
    variances: NDArray[np.float64]
    null_dimension: int

    def band(self, first: int, last: int | None = None) -> "Subspace":
        """Keep the directions ``first <= i < last``; low variance means late.

        Args:
            first: First direction kept.
            last: One past the last direction kept; None for all the rest.

        Returns:
            The smaller subspace, with the same mean.
        """
        return self.bands((first, last))

    def bands(self, *ranges: Band) -> "Subspace":
        """Keep a union of bands.

        Args:
            *ranges: Pairs ``(first, last)``, ascending and disjoint.

        Returns:
            The smaller subspace, with the same mean.

        Raises:
            ValueError: If a band reaches outside the directions, is empty, or overlaps another.
        """
        if not ranges:
            raise ValueError("give at least one band (first, last)")
        resolved = [self._resolve(*band) for band in ranges]
        for (_, end), (start, _) in pairwise(resolved):
            if start < end:
                raise ValueError(f"bands {ranges} overlap or are not ascending")
        kept = np.concatenate([np.arange(*band) for band in resolved])
        return Subspace(self.mean, self.directions[kept], self.variances[kept], self.null_dimension)

    def variance_share(self, first: int, last: int | None = None) -> float:
        """Share of this subspace's variance that lies in a band, in [0, 1].

        Args:
            first: First direction of the band.
            last: One past its last direction; None for all the rest.

        Returns:
            Sum of the band's variances over the sum of all.
        """
        start, end = self._resolve(first, last)
        return float(self.variances[start:end].sum() / self.variances.sum())

    def coordinates(self, images: ArrayLike) -> NDArray[np.floating]:
        """Coordinates along the directions.

        Args:
            images: Shape ``(n, ...)``; ``uint8`` is divided by 255.

        Returns:
            Shape ``(n, k)``; float64 for float64 images, else float32.
        """
        rows = self._pixels(images)
        coordinates: NDArray[np.floating] = (rows - self.mean.astype(rows.dtype)) @ self.directions.T.astype(rows.dtype)
        return coordinates

    def project(self, images: ArrayLike) -> NDArray[np.floating]:
        """Nearest point of the subspace to each image, as an image.

        Args:
            images: Shape ``(n, ...)``; ``uint8`` is divided by 255.

        Returns:
            Same shape, pixels that may leave [0, 1]; float64 for float64 images, else float32.
        """
        coordinates = self.coordinates(images)
        directions = self.directions.astype(coordinates.dtype)
        projected = coordinates @ directions
        projected += self.mean.astype(coordinates.dtype)
        return projected.reshape(np.shape(images))

    def _pixels(self, images: ArrayLike) -> NDArray[np.floating]:
        rows = flatten(images, len(self.mean))
        if rows.dtype == np.uint8:
            return rows.astype(np.float32) / np.float32(LEVELS)
        return rows.astype(np.result_type(rows.dtype, np.float32), copy=False)

    def _resolve(self, first: int, last: int | None) -> tuple[int, int]:
        count = len(self.directions)
        end = count if last is None else last
        if not 0 <= first < end <= count:
            raise ValueError(
                f"no band [{first}, {last}) in {count} directions of non-zero variance "
                f"(of {len(self.mean)} pixel values; the other {self.null_dimension} directions hold none)"
            )
        return int(first), int(end)


def principal_subspace(images: ArrayLike | Moments) -> Subspace:
    r"""All principal directions of non-zero variance.

    Diagonalises the covariance once, in float64. The null space consists of the eigenvalues below
    :math:`4\,p\,\varepsilon\,\lambda_{\max}` (:math:`p` features, :math:`\varepsilon = 2^{-52}`), what rounding in
    the eigendecomposition can make of a zero, and of everything past the :math:`n - 1` directions that
    :math:`n` images span around their mean. A direction's sign makes its largest entry positive.

    Args:
        images: Shape ``(n, ...)``, ``uint8`` or floats; or their :class:`Moments`.

    Returns:
        The subspace of all directions that vary.

    Raises:
        ValueError: If nothing varies: one image, or all images equal.

    Example:
        >>> subspace = principal_subspace(digits.train.images)
        >>> subspace.directions.shape, subspace.null_dimension
        ((61, 64), 3)
    """
    moments = images if isinstance(images, Moments) else _moments(images)
    variances, columns = eigh(moments.covariance, driver="evd", check_finite=False, overwrite_a=True)
    variances, directions = variances[::-1], columns.T[::-1]
    tolerance = 4 * moments.features * np.finfo(np.float64).eps * variances[0]
    rank = min(int((variances > tolerance).sum()), moments.count - 1)
    if rank == 0:
        raise ValueError(f"the {moments.count} images do not vary: there is no principal direction")
    kept = np.ascontiguousarray(directions[:rank])
    return Subspace(moments.mean, _fix_signs(kept), variances[:rank].copy(), moments.features - rank)


def _moments(images: ArrayLike) -> Moments:
    array = np.asarray(images)
    moments = Moments(flatten(array[:1]).shape[1])
    moments.update(array)
    return moments


def _fix_signs(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    directions *= signs[:, None]
    return directions
