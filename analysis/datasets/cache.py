"""Decoded images, kept under the content of what they were decoded from.

The cache is a convenience: whatever is wrong with it costs one line in the log and the time to decode.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.dataset import Dataset, Split
from analysis.datasets.npz import read_arrays
from analysis.datasets.places import whole_file
from analysis.machine import cache_dir

LOG = logging.getLogger(__name__)
FORMAT = 1  # raise it when the same files would be decoded, split or stored differently
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels", "classes")


def content_key(kind: str, files: Mapping[str, Path]) -> str:
    """Name a source by its content.

    Use: ``content_key("parquet", {"train.parquet": path})``.

    Args:
        kind: Which reader made sense of it.
        files: Relative name to path of every file that it consists of.

    Returns:
        64 hexadecimal digits, others if a name or a byte differs, or the decoder or ``FORMAT`` does.
    """
    digest = hashlib.sha256(f"{kind} {FORMAT} {version('pillow')}".encode())
    for name, path in sorted(files.items()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"\0{name}\0{content}".encode())
    return digest.hexdigest()


def cached(key: str, decode: Callable[[], Dataset]) -> Dataset:
    """Recall a data set, or decode and keep it.

    Args:
        key: From ``content_key``.
        decode: Makes the data set where the cache has none that can be read.

    Returns:
        The data set; one that was recalled is called by its key.
    """
    path = cache_dir() / "images" / f"{key}.npz"
    if path.is_file():
        try:
            return _recall(path, key)
        except (ValueError, KeyError) as error:
            LOG.warning("cache %s is unreadable and made anew (%s)", path, error)
    dataset = decode()
    try:
        _keep(path, dataset)
    except OSError as error:
        LOG.warning("cache %s cannot be written and is skipped (%s)", path, error)
    return dataset


def _recall(path: Path, key: str) -> Dataset:
    arrays = read_arrays(path, ARRAYS)
    train = Split(arrays["train_images"], arrays["train_labels"])
    test = Split(arrays["test_images"], arrays["test_labels"])
    return Dataset(key, train, test, tuple(arrays["classes"].tolist()))


def _keep(path: Path, dataset: Dataset) -> None:
    train, test = dataset.train, dataset.test
    values = (train.images, train.labels, test.images, test.labels, np.array(dataset.classes))
    arrays: dict[str, NDArray[Any]] = dict(zip(ARRAYS, values, strict=True))
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, **arrays)
