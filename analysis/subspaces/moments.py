"""Count, mean and covariance of images, from any number of chunks."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.subspaces import int8
from analysis.subspaces.flatten import flatten
from analysis.subspaces.gram import CENTRE, ROWS, add_products, mirror

LEVELS = 255.0
KEPT = ("first", "second", "count", "integer")  # names in files: both sums, number of images, whether of levels


class Moments:
    r"""First and second moments of images, in float64, mergeable.

    For ``uint8`` images the sums :math:`s = \sum y` and :math:`G = \sum y y^\top` over the centred levels
    :math:`y = x - 128` are kept, exactly (:ref:`exact-moments`), for up to :math:`5 \cdot 10^{11}` images: the same
    bits in any order, chunking and merging, for any number of threads, and whether the products are taken in float32
    (:func:`analysis.subspaces.gram.add_products`) or, where the processor can and they pay, in int8
    (:mod:`analysis.subspaces.int8`). For float images the mean and the centred scatter are kept, and combined by the
    formula of Chan, Golub and LeVeque (1979), which does not cancel.

    Attributes:
        features: Number of pixels times channels of one image.
        count: Images seen so far.

    Raises:
        ValueError: If ``features`` is not positive.

    Example:
        >>> moments = Moments(64)
        >>> moments.update(np.zeros((10, 8, 8, 1), dtype=np.uint8))
        >>> moments.count
        10
    """

    def __init__(self, features: int) -> None:
        if features < 1:
            raise ValueError(f"features must be at least 1, got {features}")
        self.features = int(features)
        self.count = 0
        self._integer: bool | None = None  # decided by the first chunk
        self._first = np.zeros(features)  # sum of centred levels, or the mean
        self._second = np.zeros((features, features))  # sum of their products (lower blocks), or the centred scatter

    def update(self, images: ArrayLike) -> None:
        """Add images, shape ``(n, ...)`` with ``features`` values each.

        Args:
            images: ``uint8`` levels, or floats (pixels in [0, 1]).

        Raises:
            ValueError: If the width differs from ``features``, values are not finite, or ``uint8`` and float
                chunks are mixed.
        """
        rows = flatten(images, self.features)
        integer = rows.dtype == np.uint8
        if len(rows) and self._integer not in (None, integer):
            raise ValueError("uint8 and float images cannot share their moments: convert one of them")
        if len(rows) and integer:
            self._integer, self.count = True, self.count + len(rows)
            add = int8.add_products if int8.pays(self.count, self.features) else add_products
            add(rows.astype(np.uint8, copy=False), self._first, self._second)
        elif len(rows):
            for start in range(0, len(rows), ROWS):
                self._combine(_partial(rows[start : start + ROWS].astype(np.float64)))

    def merge(self, other: Self) -> None:
        """Add the images that another ``Moments`` has seen.

        Args:
            other: Moments of as many features, of the same kind of images.

        Raises:
            ValueError: If widths or kinds of images differ.
        """
        if other.features != self.features:
            raise ValueError(f"moments of {other.features} features do not fit into {self.features}")
        if None not in (self._integer, other._integer) and self._integer != other._integer:
            raise ValueError("moments of uint8 images do not fit into those of float images")
        self._combine(other)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give all that there is to keep, for ``np.savez``.

        Returns:
            ``KEPT`` to arrays; the sums are not copied.

        Example:
            >>> np.savez("part.npz", **moments.to_arrays())
        """
        self._refuse_empty()
        values = self._first, self._second, np.array(self.count), np.array(self._integer)
        return dict(zip(KEPT, values, strict=True))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild moments from what ``to_arrays`` gave, on this or another machine.

        Args:
            arrays: As it gave them, such as an opened ``.npz`` file.

        Returns:
            The same moments, to the bit.

        Raises:
            ValueError: If an array is missing or does not fit to the others.

        Example:
            >>> moments.merge(Moments.from_arrays(np.load("part.npz")))
        """
        missing = set(KEPT) - set(arrays)
        if missing:
            raise ValueError(f"moments lack {', '.join(sorted(missing))}")
        first, second, count, integer = (arrays[name] for name in KEPT)
        found = [f"{array.dtype} {array.shape}" for array in (first, second, count, integer)]
        sums = [f"float64 {(first.size,)}", f"float64 {(first.size, first.size)}"]
        if found != [*sums, "int64 ()", "bool ()"] or count < 1:
            raise ValueError(f"these are no moments of {count} images: {', '.join(KEPT)} are {', '.join(found)}")
        moments = cls(first.size)
        moments.count, moments._integer = int(count), bool(integer)
        moments._first, moments._second = first, second
        return moments

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean image, pixels in [0, 1], shape ``(features,)``."""
        self._refuse_empty()
        return (self._first / self.count + CENTRE) / LEVELS if self._integer else self._first.copy()

    @property
    def covariance(self) -> NDArray[np.float64]:
        r"""Covariance of pixels in [0, 1], divided by n, shape ``(features, features)``.

        For levels the sums are first centred exactly, around the nearest integer :math:`q` to the mean:
        :math:`\sum (y-q)(y-q)^\top = G - q s^\top - s q^\top + n q q^\top`. All levels differ by at most 255, so every
        integer on the way is below :math:`2^{16} n`, which float64 holds up to :math:`n = 2^{37}`: a hundred times
        :math:`10^9` images. What is left to subtract, the product of the remaining means, is at most a quarter, so
        that no pixel loses digits to a bright background.
        """
        self._refuse_empty()
        if not self._integer:
            return self._second / self.count
        covariance = self._second.copy()
        mirror(covariance)
        centre = np.rint(self._first / self.count)
        rest = self._first - self.count * centre
        # G - q s' - s q' + n q q' = G - q s' - (s - n q) q', one outer product at a time
        covariance -= np.outer(centre, self._first)
        covariance -= np.outer(rest, centre)
        covariance /= self.count
        covariance -= np.outer(rest / self.count, rest / self.count)
        covariance /= LEVELS**2
        return covariance

    def _refuse_empty(self) -> None:
        if self.count == 0:
            raise ValueError("no images yet: call update first")

    def _combine(self, other: Self) -> None:
        if other.count == 0:
            return
        total = self.count + other.count
        if other._integer:
            self._first += other._first
            self._second += other._second
        else:
            shift = other._first - self._first
            self._first += shift * (other.count / total)
            self._second += other._second + np.outer(shift, shift * (self.count * other.count / total))
        self._integer, self.count = other._integer, total


def _partial(values: NDArray[np.float64]) -> Moments:
    """Moments of one chunk of float images, which is overwritten."""
    part = Moments(values.shape[1])
    part._integer, part.count = False, len(values)
    origin = values[0].copy()  # of equal images nothing is left, not even the rounding of their mean
    values -= origin
    shift = values.mean(axis=0)
    values -= shift
    part._first = origin + shift
    part._second = values.T @ values  # one symmetric rank-k update: numpy sees that both factors are one array
    return part
