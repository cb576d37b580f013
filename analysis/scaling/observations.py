"""Errors at sizes, with the repeats that tell how well they are known: checked and arranged as whole curves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FEWEST_SIZES = 4


@dataclass(frozen=True, eq=False)
class Observations:
    """Learning curves, one a run.

    Attributes:
        sizes: Distinct numbers of samples, increasing, shape ``(sizes,)``.
        errors: Of each run at each size, shape ``(curves, sizes)``; nan where it was not measured.
        groups: Number of the group (the subset seed) of each curve, from 0 on, shape ``(curves,)``.
    """

    sizes: NDArray[np.float64]
    errors: NDArray[np.float64]
    groups: NDArray[np.int64]

    @property
    def group_count(self) -> int:
        """Number of groups, which are independent of each other."""
        return int(self.groups.max()) + 1

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean error at each size, shape ``(sizes,)``."""
        means: NDArray[np.float64] = np.nanmean(self.errors, axis=0)
        return means

    @property
    def by_group(self) -> NDArray[np.float64]:
        """Mean over the curves of each group, shape ``(groups, sizes)``; nan where a group was not measured."""
        measured = np.isfinite(self.errors)
        members = self.groups == np.arange(self.group_count)[:, None]
        counts = members @ measured.astype(np.float64)
        sums = members @ np.where(measured, self.errors, 0.0)
        means: NDArray[np.float64] = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
        return means

    def smallest(self, count: int) -> "Observations":
        """The same curves without their largest sizes.

        Args:
            count: Sizes to keep.

        Returns:
            What was observed at the smallest of them.
        """
        return Observations(self.sizes[:count], self.errors[:, :count], self.groups)


def observe(sizes: ArrayLike, errors: ArrayLike, groups: ArrayLike | None = None) -> Observations:
    """Check observations and arrange them as curves.

    Observations of one group and size are runs that differ in their initialisation: the k-th of each size belong to the
    k-th curve of the group. Without groups, each run is a group of its own.

    Args:
        sizes: Numbers of samples, finite and at least 1: shape ``(observations,)``, or ``(sizes,)`` with errors of two
            axes.
        errors: In [0, 1], shape ``(observations,)``, or ``(sizes, repeats)``.
        groups: Name of the subset seed of each observation, shape ``(observations,)``, or of each repeat,
            ``(repeats,)``; None if every repeat is independent of the others.

    Returns:
        The curves.

    Raises:
        ValueError: If shapes disagree, a value is out of its range or not a number, there are fewer than four distinct
            sizes, or sizes are repeated unevenly and no groups say which repeats belong together.

    Example:
        >>> observe([10, 20, 40, 80], [[0.4, 0.5], [0.3, 0.3], [0.2, 0.2], [0.1, 0.1]]).errors
        array([[0.4, 0.3, 0.2, 0.1],
               [0.5, 0.3, 0.2, 0.1]])
    """
    size, error, group = _flat(np.asarray(sizes, np.float64), np.asarray(errors, np.float64), groups)
    _check(size, error)
    distinct, column, counts = np.unique(size, return_inverse=True, return_counts=True)
    if len(distinct) < FEWEST_SIZES:
        raise ValueError(f"a law needs at least {FEWEST_SIZES} distinct sizes, got {len(distinct)}")
    if group is None:
        if counts.min() != counts.max():
            raise ValueError(
                f"size {distinct[counts.argmax()]:g} appears {counts.max()} times and size "
                f"{distinct[counts.argmin()]:g} {counts.min()} times: groups must say which repeats belong together"
            )
        group = _occurrence(column)
    names, row = np.unique(group, return_inverse=True)
    repeat = _occurrence(row * len(distinct) + column)
    inside = int(repeat.max()) + 1
    arranged = np.full((len(names) * inside, len(distinct)), np.nan)
    arranged[row * inside + repeat, column] = error
    kept = np.isfinite(arranged).any(axis=1)
    return Observations(distinct, arranged[kept], np.repeat(np.arange(len(names)), inside)[kept])


def _flat(
    size: NDArray[np.float64], error: NDArray[np.float64], groups: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.generic] | None]:
    """All three as lists of observations."""
    group = None if groups is None else np.asarray(groups)
    if error.ndim == 2 and size.shape == error.shape[:1]:
        repeats = np.arange(error.shape[1]) if group is None else group
        if repeats.shape == error.shape[1:]:
            return np.repeat(size, error.shape[1]), error.ravel(), np.tile(repeats, len(size))
    if size.ndim == 1 and size.shape == error.shape and (group is None or group.shape == size.shape):
        return size, error, group
    raise ValueError(
        "sizes, errors and groups must be lists of one length, or errors of shape (sizes, repeats) and groups of shape "
        f"(repeats,); got shapes {size.shape}, {error.shape} and {None if group is None else group.shape}"
    )


def _check(size: NDArray[np.float64], error: NDArray[np.float64]) -> None:
    small = ~(np.isfinite(size) & (size >= 1))
    if small.any():
        raise ValueError(f"size {size[small][0]:g} is not a finite number of at least 1")
    outside = ~((error >= 0) & (error <= 1))
    if outside.any():
        raise ValueError(f"error {error[outside][0]:g} is not in [0, 1]")


def _occurrence(names: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many times each entry's name has come before it."""
    order = np.argsort(names, kind="stable")
    _, first, counts = np.unique(names[order], return_index=True, return_counts=True)
    found = np.empty(len(names), dtype=np.int64)
    found[order] = np.arange(len(names)) - np.repeat(first, counts)
    return found
