"""One file of an EDM set: an ``.npz`` with ``image`` and ``label``, read piece by piece.

The largest has 12.5 million images, so no more than a few thousand of them are ever in memory.
"""

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.checksums import MEND

IMAGE = (32, 32, 3)
CLASSES = 10
PIECE = 4096 * math.prod(IMAGE)  # bytes


def count_images(path: Path) -> int:
    """Count the images of a part by its header alone.

    Args:
        path: An ``.npz`` file.

    Returns:
        How many there are.
    """
    with _opened(path) as archive, archive.open("image.npy") as member:
        return _count(member)


def read_labels(path: Path) -> NDArray[np.int64]:
    """Read the labels of a part.

    Args:
        path: An ``.npz`` file.

    Returns:
        Class indices 0 to 9, shape ``(n,)``.

    Raises:
        ValueError: If they are others, or the file is corrupt, naming it.
    """
    with _opened(path) as archive, archive.open("label.npy") as member:
        labels = np.lib.format.read_array(member, allow_pickle=False)
    if labels.dtype.kind not in "iu" or labels.shape[1:] not in ((), (1,)) or labels.size == 0:
        raise ValueError(f"{path}: labels must be integers of shape (n,), got {labels.dtype} of {labels.shape}")
    if labels.min() < 0 or labels.max() >= CLASSES:
        raise ValueError(f"{path}: labels must be 0 to {CLASSES - 1}, got {labels.min()} to {labels.max()}")
    return np.asarray(labels.reshape(-1), dtype=np.int64)


def image_pieces(path: Path) -> Iterator[bytes]:
    """Read the pixels of a part.

    Args:
        path: An ``.npz`` file.

    Yields:
        Consecutive levels of whole images, red, green, blue of each pixel in turn.

    Raises:
        ValueError: If the file is truncated or corrupt, naming it.
    """
    with _opened(path) as archive, archive.open("image.npy") as member:
        left = _count(member) * math.prod(IMAGE)
        while piece := member.read(PIECE):  # to the end: there the archive's own checksum is compared
            left -= len(piece)
            yield piece
        if left:
            raise ValueError(f"{path}: {abs(left)} bytes too {'few' if left > 0 else 'many'} for its header: {MEND}")


def check_part(path: Path) -> None:
    """Read all of a part and keep nothing.

    Use: ``check_part(Path("1m.npz"))``.

    Args:
        path: An ``.npz`` file.

    Raises:
        ValueError: If it is truncated or corrupt, or not labelled images of 32 x 32 in colour, naming it.
    """
    labels, images = len(read_labels(path)), count_images(path)
    if labels != images:
        raise ValueError(f"{path}: {images} images do not go with {labels} labels")
    for _ in image_pieces(path):
        pass


def _count(member: IO[bytes]) -> int:
    """Read the header of the images, up to their first byte."""
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, is_fortran, dtype = readers[np.lib.format.read_magic(member)](member)
    if dtype != np.uint8 or shape[1:] != IMAGE or is_fortran:
        raise ValueError(f"images must be uint8 of shape (n, 32, 32, 3), got {dtype} of shape {shape}")
    return int(shape[0])


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a part; what is wrong in it is a ValueError that names it."""
    unreadable: tuple[type[Exception], ...] = (
        OSError,
        EOFError,
        RuntimeError,
        KeyError,
        zipfile.BadZipFile,
        zlib.error,
    )
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except unreadable as error:
        raise ValueError(f"{path} is not a readable .npz of image and label ({error}): {MEND}") from error
    except ValueError as error:
        raise error if str(path) in str(error) else ValueError(f"{path}: {error}") from error
