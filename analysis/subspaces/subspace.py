"""Subspaces spanned by principal directions, their bands, and projections into them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.subspaces.flatten import flatten
from analysis.subspaces.projection import coordinates_of, destination, project_rows, result_dtype

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
        # one band is a view: the bands of a study share the directions, hundreds of megabytes of large images
        kept = slice(*resolved[0]) if len(resolved) == 1 else np.concatenate([np.arange(*band) for band in resolved])
        return Subspace(self.mean, self.directions[kept], self.variances[kept], self.null_dimension)

    def tail_by_share(self, share: float) -> "Subspace":
        """Keep the longest tail that holds at most a share of this subspace's variance.

        Args:
            share: In (0, 1]; 0.01 keeps the last directions that together hold one per cent.

        Returns:
            The band from some direction to the last.

        Raises:
            ValueError: If the share is out of range, or the last direction alone holds more.

        Example:
            >>> tail = principal_subspace(images).tail_by_share(0.01)
        """
        if not 0 < share <= 1:
            raise ValueError(f"share must lie in (0, 1], got {share}")
        held = self._variance_from()
        return self._longest_tail(held / held[0], share, "share of the variance")

    def tail_by_norm(self, norm: float) -> "Subspace":
        """Keep the longest tail in which the data's root mean square norm is at most a radius.

        Args:
            norm: L2, pixels in [0, 1]; positive.

        Returns:
            The band from some direction to the last.

        Raises:
            ValueError: If the norm is not positive, or that along the last direction alone is larger.

        Example:
            >>> tail = principal_subspace(images).tail_by_norm(36 / 255)
        """
        if not norm > 0:
            raise ValueError(f"norm must be positive, got {norm}")
        return self._longest_tail(np.sqrt(self._variance_from()), norm, "root mean square norm")

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

    def coordinates(self, images: ArrayLike, *, out: NDArray[np.floating] | None = None) -> NDArray[np.floating]:
        """Coordinates along the directions.

        Args:
            images: Shape ``(n, ...)``; ``uint8`` is divided by 255.
            out: Where to write them, a memory map for instance; by default a new array.

        Returns:
            Shape ``(n, k)``; float64 for float64 images, else float32.
        """
        rows = flatten(images, len(self.mean))
        coordinates = destination(out, (len(rows), len(self.directions)), result_dtype(rows))
        coordinates_of(rows, self.mean, self.directions, coordinates)
        return coordinates

    def project(self, images: ArrayLike, *, out: NDArray[np.floating] | None = None) -> NDArray[np.floating]:
        """Nearest point of the subspace to each image, as an image.

        Args:
            images: Shape ``(n, ...)``; ``uint8`` is divided by 255.
            out: Where to write them, such as a memory map or ``images`` itself; by default a new array.

        Returns:
            Same shape, pixels that may leave [0, 1]; float64 for float64 images, else float32.
        """
        rows = flatten(images, len(self.mean))
        projected = destination(out, np.shape(images), result_dtype(rows))
        project_rows(rows, self.mean, self.directions, projected.reshape(rows.shape))
        return projected

    def _variance_from(self) -> NDArray[np.float64]:
        """Variance from each direction on, added up from the smallest."""
        return self.variances[::-1].cumsum()[::-1]

    def _longest_tail(self, held: NDArray[np.float64], most: float, quantity: str) -> "Subspace":
        first = int((held > most).sum())  # they fall
        if first == len(held):
            raise ValueError(
                f"no tail has a {quantity} of at most {most:g}: "
                f"the smallest there is, of the last direction alone, is {held[-1]:g}"
            )
        return self.band(first)

    def _resolve(self, first: int, last: int | None) -> tuple[int, int]:
        count = len(self.directions)
        end = count if last is None else last
        if not 0 <= first < end <= count:
            raise ValueError(
                f"no band [{first}, {last}) in {count} directions of non-zero variance "
                f"(of {len(self.mean)} pixel values; the other {self.null_dimension} directions hold none)"
            )
        return int(first), int(end)
