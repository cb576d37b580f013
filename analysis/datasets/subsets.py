"""Which images: nested class-balanced subsets, and stratified splits, of a labelled set."""

import operator
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from analysis.datasets.orders import Indices, kept_order


def nested_subsets(labels: ArrayLike, sizes: Sequence[int | None], seed: int = 0) -> list[Indices]:
    """Indices of class-balanced subsets, the smaller inside the larger.

    All are prefixes of one seeded order, in which round r holds the r-th image of every class that
    still has one, the classes in a new random order each round. So class counts differ by at most
    one until the rarest class is used up; from there the others go on in turn, and the longest
    prefix is the whole set. Nesting removes the luck of the draw from comparisons between sizes;
    the luck that remains is the seed's.

    Use: ``small, large = nested_subsets(d.train.labels, (100, None))``.

    Args:
        labels: Class of each image, integers, shape ``(n,)``.
        sizes: Numbers of images in all, in any order; ``None`` means all.
        seed: Decides the order.

    Returns:
        One index array, shape ``(size,)``, per entry of ``sizes``, in the order of the draw.

    Raises:
        ValueError: If a size is no integer, above ``n``, or below the number of classes present;
            or if the labels are not a non-empty row of integers.
    """
    labels = _as_labels(labels)
    counts = [_count(size, default=len(labels)) for size in sizes]
    classes = len(np.unique(labels))
    for count in counts:
        if count > len(labels):
            raise ValueError(f"size {count} is more than the {len(labels)} images there are")
        if count < classes:
            raise ValueError(f"size {count} is less than one image for each of the {classes} classes present")
    order = balanced_order(labels, seed)
    return [order[:count].copy() for count in counts]


def balanced_order(labels: Indices, seed: int = 0) -> Indices:
    """Draw the order whose prefixes ``nested_subsets`` gives; of very many labels it is kept in the cache.

    Args:
        labels: Class of each image, shape ``(n,)``.
        seed: Decides the order.

    Returns:
        A permutation of ``0`` to ``n - 1``, not always writable.
    """
    return kept_order(labels, seed, lambda: _draw_order(labels, np.random.default_rng(seed)))


def stratified_split(labels: ArrayLike, count: int, seed: int = 0) -> tuple[Indices, Indices]:
    """Hold out ``count`` images at random, every class in proportion to its size.

    A class of ``m`` among ``n`` images gives ``m * count / n`` of them, rounded up or down. Which way
    is drawn by systematic sampling, so that on average every class gives exactly its share.

    Use: ``rest, held_out = stratified_split(labels, len(labels) // 6)``.

    Args:
        labels: Class of each image, integers, shape ``(n,)``.
        count: How many images to hold out, from 1 to ``n - 1``.
        seed: Decides which.

    Returns:
        Indices of the rest, shape ``(n - count,)``, and of the images held out, shape ``(count,)``,
        both rising.

    Raises:
        ValueError: If ``count`` is no integer or out of range, or the labels are not a row of integers.
    """
    labels, count = _as_labels(labels), _count(count)
    if not 0 < count < len(labels):
        raise ValueError(f"can hold out 1 to {len(labels) - 1} of {len(labels)} images, not {count}")
    generator = np.random.default_rng(seed)
    order, sizes = _by_class(labels, generator)
    shares = _proportional(sizes, count, generator)
    held_out = np.zeros(len(labels), dtype=bool)
    held_out[order[_ranks(sizes) < np.repeat(shares, sizes)]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _draw_order(labels: Indices, generator: np.random.Generator) -> Indices:
    order, sizes = _by_class(labels, generator)
    tie_breaks = generator.random(len(labels))  # a round has one image of a class: they order classes
    return order[np.lexsort((tie_breaks, _ranks(sizes)))]


def _by_class(labels: Indices, generator: np.random.Generator) -> tuple[Indices, Indices]:
    """Indices sorted by class, in random order within each; and the class sizes."""
    shuffled = generator.permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return order, np.unique(labels, return_counts=True)[1]


def _ranks(sizes: Indices) -> Indices:
    """0, 1, ... within each of the consecutive groups of these sizes."""
    starts = np.cumsum(sizes) - sizes
    return np.arange(sizes.sum()) - np.repeat(starts, sizes)


def _proportional(sizes: Indices, count: int, generator: np.random.Generator) -> Indices:
    """Round ``sizes * count / sizes.sum()`` to integers of sum ``count``, up or down, without bias."""
    ends = np.cumsum(sizes)
    steps = (ends * count + generator.integers(ends[-1])) // ends[-1]  # integers: no rounding to go wrong
    shares: Indices = np.diff(steps, prepend=0)
    return shares


def _as_labels(labels: ArrayLike) -> Indices:
    array = np.asarray(labels)
    if array.ndim != 1 or len(array) == 0 or array.dtype.kind not in "iu":
        raise ValueError(f"labels must be a non-empty row of integers, got shape {array.shape}, dtype {array.dtype}")
    return array.astype(np.int64, copy=False)


def _count(size: int | None, default: int | None = None) -> int:
    if size is None and default is not None:
        return default
    try:
        return operator.index(size)  # type: ignore[arg-type]  # what is no integer is refused here
    except TypeError:
        raise ValueError(f"a size must be an integer, got {size!r}") from None
