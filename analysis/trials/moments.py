"""Moments of training sets, kept under the content of the data, so that none is measured twice."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.datasets import Dataset
from analysis.datasets.npz import read_arrays
from analysis.datasets.places import whole_file
from analysis.machine import cache_dir
from analysis.subspaces import Moments, are_few, moments_of
from analysis.subspaces.moments import KEPT

LOG = logging.getLogger(__name__)
FORMAT = 1  # raise it when the same data would be split, or its sums kept, differently


def training_images_or_moments(data: Dataset, *, seed: int = 0) -> NDArray[np.uint8] | Moments:
    """Find what the principal directions of a training set are found from.

    Args:
        data: What is left in ``data.train`` beside validation images counts.
        seed: That validation images were split off with.

    Returns:
        The images, where they are fewer than one of them has values: their moments would take longer to write than
        their directions to find, and gigabytes. Else :func:`training_moments`.

    Example:
        >>> principal_subspace(training_images_or_moments(datasets.load("photos")))
    """
    images = data.train.images
    return images if are_few(images) else training_moments(data, seed=seed)


def training_moments(data: Dataset, *, seed: int = 0) -> Moments:
    """Recall the moments of a training set, or measure and keep them.

    Of several processes that ask for the same moments at the same time, one measures and the others wait for it.

    Args:
        data: What is left in ``data.train`` beside validation images is measured.
        seed: That validation images were split off with.

    Returns:
        The moments: the same bits, recalled or not.

    Example:
        >>> principal_subspace(training_moments(datasets.load("digits")))
    """
    validation = 0 if data.validation is None else len(data.validation)
    path = cache_dir() / "moments" / f"{data.content_hash}-{validation}-{seed}-{FORMAT}.npz"
    with _in_turn(path):
        kept = _recalled(path, data)
        if kept is not None:
            return kept
        moments = moments_of(data.train.images)
        try:
            with whole_file(path) as file:
                np.savez(file, allow_pickle=False, **moments.to_arrays())
        except OSError as error:
            LOG.warning("cache %s cannot be written and is skipped (%s)", path, error)
        return moments


def _recalled(path: Path, data: Dataset) -> Moments | None:
    if not path.is_file():
        return None
    try:
        moments = Moments.from_arrays(read_arrays(path, KEPT))
        if (moments.count, moments.features) != (len(data.train), data.train.images[0].size):
            raise ValueError(f"moments of {moments.count} images of {moments.features} values")
    except ValueError as error:
        LOG.warning("cache %s is unreadable and made anew (%s)", path, error)
        return None
    return moments


@contextmanager
def _in_turn(path: Path) -> Iterator[None]:
    """Enter one after the other; where no lock can be had, all at once, which costs time only."""
    with ExitStack() as stack:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(path.with_suffix(".lock").open("a"))
            fcntl.flock(lock, fcntl.LOCK_EX)  # given up when the file is closed, by a process that dies as well
        yield
