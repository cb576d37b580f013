"""Images in ``.npy`` and ``.npz`` files, as batches, never the whole file at once."""

import math
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from analysis.subspaces.int8 import ROWS

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

Loader = Callable[[], NDArray[Any]]


def batches_in(path: Path, member: str | None = None) -> tuple[Iterable[NDArray[Any] | Loader], int]:
    """Cut the images of a file into batches.

    A ``.npy`` file becomes functions that map a range of its rows into memory, for whichever process calls them. A
    member of an ``.npz`` file, compressed or not, is read from front to back as the batches are asked for.

    Args:
        path: The file.
        member: Name of the array in an ``.npz`` file; may be None where there is only one.

    Returns:
        The batches, and the number of images in all.

    Raises:
        ValueError: If the file is of another kind or unreadable, or the member is not there or not stored row by row.
    """
    if path.suffix == ".npz":
        return _members_batches(path, member)
    if path.suffix != ".npy":
        raise ValueError(
            f"{path} is neither .npy nor .npz: give its batches, as datasets.parquet.row_groups(path) does"
        )
    if member is not None:
        raise ValueError(f"{path} is one array and has no member {member!r}")
    count = len(_mapped(path))
    return [partial(_rows, path, start, start + ROWS) for start in range(0, count, ROWS)], count


def _mapped(path: Path) -> NDArray[Any]:
    with _readable(path):
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim < 2:
        raise ValueError(f"{path} holds no images: its shape is {array.shape}")
    return array


def _rows(path: Path, start: int, stop: int) -> NDArray[Any]:
    return _mapped(path)[start:stop]


def _members_batches(path: Path, member: str | None) -> tuple[Iterator[NDArray[Any]], int]:
    with _readable(path), zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        if member is None and len(names) == 1:
            member = names[0]
        if member not in names:
            raise ValueError(f"{path} has the members {', '.join(names)}: choose one of them, not {member!r}")
        with archive.open(f"{member}.npy") as file:
            shape, _ = _header(file)
    return _stream(path, member), shape[0]


def _stream(path: Path, member: str) -> Iterator[NDArray[Any]]:
    with _readable(path), zipfile.ZipFile(path) as archive, archive.open(f"{member}.npy") as file:
        (count, *shape), dtype = _header(file)
        size = math.prod(shape) * dtype.itemsize
        for start in range(0, count, ROWS):
            rows = min(ROWS, count - start)
            yield np.frombuffer(_read(file, rows * size), dtype).reshape(rows, *shape)
        _read(file, 0)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"arrays of version {version} are not read")
    shape, by_column, dtype = HEADERS[version](file)
    if by_column or dtype.hasobject or len(shape) < 2:
        order = "column by column" if by_column else "row by row"
        raise ValueError(f"images must be stored row by row in numbers, found {dtype} {shape} stored {order}")
    return shape, dtype


def _read(file: IO[bytes], size: int) -> bytes:
    """Read so many bytes; the end of a member is looked for with size 0, which has its checksum compared."""
    content = file.read(size or 1)
    if len(content) != size:
        raise EOFError("the array ends too early" if size else "the array goes on after its end")
    return content


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Name the file in whatever is wrong with it."""
    try:
        yield
    except (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"{path} is not readable ({error}): make or fetch it again") from error
