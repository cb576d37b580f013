"""Learning curves as a table, one row per group, from observations in any order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Curves:
    """Learning curves over shared sizes.

    Attributes:
        sizes: Distinct training set sizes, increasing, shape ``(sizes,)``.
        accuracies: Accuracy in [0, 1] of each group at each size, shape ``(groups, sizes)``.
    """

    sizes: NDArray[np.float64]
    accuracies: NDArray[np.float64]


def curves_by_group(sizes: ArrayLike, accuracies: ArrayLike, groups: ArrayLike) -> Curves:
    """Arrange observations into one learning curve per group.

    Subsets of one seed are nested, so the errors of one curve depend on each other; whole curves do not. A
    group is the unit that intervals are made of, hence each must be complete.

    Args:
        sizes: Training set size of each observation, at least 1, shape ``(observations,)``.
        accuracies: Accuracy of each observation, in [0, 1], shape ``(observations,)``.
        groups: Seed (or other name) of the curve that each observation belongs to, shape ``(observations,)``.

    Returns:
        One curve per group, in the order of their sorted names.

    Raises:
        ValueError: If the lengths differ, a size or accuracy is out of its range or not a number, there are
            fewer than two distinct sizes, or a group does not have exactly one observation of every size.

    Example:
        >>> curves_by_group([10, 20, 10, 20], [0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1]).accuracies
        array([[0.1, 0.2],
               [0.3, 0.4]])
    """
    size, accuracy, group = (
        np.asarray(sizes, dtype=np.float64),
        np.asarray(accuracies, dtype=np.float64),
        np.asarray(groups),
    )
    _check_values(size, accuracy, group)
    distinct, column = np.unique(size, return_inverse=True)
    names, row = np.unique(group, return_inverse=True)
    _check_complete(distinct, names, row, column)
    arranged = np.empty((len(names), len(distinct)))
    arranged[row, column] = accuracy
    return Curves(distinct, arranged)


def _check_values(size: NDArray[np.float64], accuracy: NDArray[np.float64], group: NDArray[np.generic]) -> None:
    if not (size.ndim == 1 and size.shape == accuracy.shape == group.shape):
        raise ValueError(
            "sizes, accuracies and groups must be lists of one length, "
            f"got shapes {size.shape}, {accuracy.shape} and {group.shape}"
        )
    small = ~(np.isfinite(size) & (size >= 1))
    if small.any():
        raise ValueError(f"size {size[small][0]:g} is not a finite number of at least 1")
    outside = ~((accuracy >= 0) & (accuracy <= 1))
    if outside.any():
        raise ValueError(f"accuracy {accuracy[outside][0]:g} is not in [0, 1]")


def _check_complete(
    distinct: NDArray[np.float64],
    names: NDArray[np.generic],
    row: NDArray[np.intp],
    column: NDArray[np.intp],
) -> None:
    if len(distinct) < 2:
        raise ValueError(f"growth needs at least two distinct sizes, got {len(distinct)}")
    counts = np.zeros((len(names), len(distinct)), dtype=np.int64)
    np.add.at(counts, (row, column), 1)
    for group, size in np.argwhere(counts != 1):
        raise ValueError(
            f"group {names[group]} has {counts[group, size]} observations of size {distinct[size]:g}: "
            "every group needs exactly one of every size"
        )
