"""Arrays in an ``.npz`` file under Keras's names: x_train, y_train, x_test, y_test."""

import logging
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.dataset import Dataset, Split, numbered_classes, with_sixth_held_out

LOG = logging.getLogger(__name__)
TRAIN, TEST = ("x_train", "y_train"), ("x_test", "y_test")
LOSS_WORTH_A_WARNING = 1e-3  # of a level; 255 times a float32 multiple of 1/255 is within 2e-5 of an integer
CHUNK = 1024  # images converted at a time, so that a large set needs no second copy in float64


def read_npz(path: Path) -> Dataset:
    """Read a data set from an ``.npz`` file.

    Images are ``(n, height, width)`` or ``(n, height, width, channels)``, uint8 or floats in [0, 1];
    labels are integers, ``(n,)`` or ``(n, 1)``. Without x_test and y_test a sixth is held out.

    Use: ``read_npz(Path("cifar10-first4000.npz"))``.

    Args:
        path: The file.

    Returns:
        The data set, its classes called "0", "1" and so on.

    Raises:
        ValueError: If the file is corrupt or lacks an array, or an array is not as above.
    """
    arrays = read_arrays(path, {*TRAIN, *TEST})
    missing = [name for name in (*TRAIN, *TEST) if name not in arrays]
    if missing and missing != list(TEST):
        found = ", ".join(names_in(path)) or "no array"
        raise ValueError(
            f"{path}: found {found}, expected {', '.join(TRAIN)}, and {', '.join(TEST)} or neither of these two; it "
            f"lacks {', '.join(missing)}"
        )
    train = _split(arrays, *TRAIN)
    if missing:
        return with_sixth_held_out(path.stem, train, numbered_classes(train.labels))
    test = _split(arrays, *TEST)
    return Dataset(path.stem, train, test, numbered_classes(train.labels, test.labels))


def read_arrays(path: Path, names: Collection[str]) -> dict[str, NDArray[Any]]:
    """Read some arrays of an ``.npz`` file.

    Args:
        path: The file.
        names: The arrays wanted.

    Returns:
        Those of them that the file has.

    Raises:
        ValueError: If the file is truncated or corrupt, or an array holds Python objects.
    """
    try:
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if name in names}
    except (OSError, ValueError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} is not a readable .npz file ({error}): make or fetch it again") from error


def names_in(path: Path) -> list[str]:
    """List the arrays of an ``.npz`` file that can be read.

    Args:
        path: The file.

    Returns:
        Their names.
    """
    with zipfile.ZipFile(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def as_levels(images: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Round floats in [0, 1] to the levels 0 to 255, with a warning logged where that loses detail.

    Args:
        images: Shape ``(n, ...)``, n at least 1.

    Returns:
        Of the same shape.

    Raises:
        ValueError: If a value is not a number or lies outside [0, 1].
    """
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):
        raise ValueError(f"found float images from {low:g} to {high:g}, expected [0, 1], or uint8 from 0 to 255")
    levels = np.empty(images.shape, dtype=np.uint8)
    loss = 0.0
    for start in range(0, len(images), CHUNK):
        exact = images[start : start + CHUNK].astype(np.float64) * 255
        rounded = np.rint(exact)
        loss = max(loss, float(np.abs(exact - rounded).max()))
        levels[start : start + CHUNK] = rounded
    if loss > LOSS_WORTH_A_WARNING:
        LOG.warning("images are rounded to 256 levels, by up to %.2g of a level", loss)
    return levels


def _split(arrays: dict[str, NDArray[Any]], images_name: str, labels_name: str) -> Split:
    try:
        return Split(_images(arrays[images_name]), _labels(arrays[labels_name]))
    except ValueError as error:
        raise ValueError(f"{images_name}, {labels_name}: {error}") from error


def _images(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.size and array.dtype.kind == "f":
        array = as_levels(array)
    return array[..., None] if array.ndim == 3 else array


def _labels(array: NDArray[Any]) -> NDArray[np.int64]:
    if array.dtype.kind not in "iu" or array.shape[1:] not in ((), (1,)):
        raise ValueError(
            f"found labels of {array.dtype} and shape {array.shape}, expected integers of shape (n,) or (n, 1)"
        )
    return array.reshape(-1).astype(np.int64)
