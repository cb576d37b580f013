"""Balanced orders of very many labels, kept in the cache: drawing one of a million takes a second."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.places import whole_file
from analysis.machine import cache_dir

LOG = logging.getLogger(__name__)
FORMAT = 1  # raise it when the same labels and seed would give another order
MANY = 500_000  # labels; an order of fewer is drawn sooner than it is looked up

Indices = NDArray[np.int64]


def kept_order(labels: Indices, seed: int, draw: Callable[[], Indices]) -> Indices:
    """Recall an order, or draw it and keep it.

    Args:
        labels: Class of each image, shape ``(n,)``. Fewer than ``MANY`` are not kept.
        seed: Of the order.
        draw: Makes the order where the cache has none that can be read.

    Returns:
        Shape ``(n,)``; recalled, it is a read-only memory map, of which only what is used is read.
    """
    if len(labels) < MANY:
        return draw()
    path = cache_dir() / "orders" / f"{_key(labels, seed)}.npy"
    if path.is_file():
        try:
            return _recalled(path, len(labels))
        except (ValueError, EOFError) as error:
            LOG.warning("cache %s is unreadable and made anew (%s)", path, error)
    order = draw()
    try:
        with whole_file(path) as file:
            np.save(file, order)
    except OSError as error:
        LOG.warning("cache %s cannot be written and is skipped (%s)", path, error)
    return order


def _key(labels: Indices, seed: int) -> str:
    digest = hashlib.sha256(f"{FORMAT} {np.__version__} {seed}\0".encode())  # numpy may change its generators
    digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()


def _recalled(path: Path, count: int) -> Indices:
    order: Indices = np.load(path, mmap_mode="r")
    if order.shape != (count,) or order.dtype != np.int64:
        raise ValueError(f"{order.dtype} of shape {order.shape} instead of int64 of shape ({count},)")
    return order
