"""MNIST's own format, IDX: a few bytes of shape, then the pixels; plain or compressed by gzip."""

import math
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.checksums import MEND, verify
from analysis.datasets.dataset import Dataset, Split

# Of the uncompressed files.
MNIST_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
UNSIGNED_BYTE = 0x08


def read_mnist(folder: Path, checksums: Mapping[str, str] = MNIST_MD5) -> Dataset:
    """Read MNIST's four files and hold them against their published checksums.

    A truncated or changed file is refused with a ValueError that names it and the mend.

    Use: ``read_mnist(data_dir / "MNIST" / "raw")``.

    Args:
        folder: Holds the four files, each plain or with the suffix ``.gz``.
        checksums: Name to md5 of the uncompressed file, in the order of ``MNIST_MD5``.

    Returns:
        60,000 training and 10,000 test images of shape ``(28, 28, 1)``.
    """
    images, labels, test_images, test_labels = (_verified(folder / name, md5) for name, md5 in checksums.items())
    train = Split(images[..., None], labels.astype(np.int64))
    test = Split(test_images[..., None], test_labels.astype(np.int64))
    return Dataset("mnist", train, test, tuple("0123456789"))


def parse_idx(content: bytes, path: Path) -> NDArray[np.uint8]:
    """Take the array out of an IDX file of unsigned bytes.

    The file starts with two zeros, the type of the entries and the number of axes, one byte each, and
    the length of every axis, four bytes each, most significant first.

    Args:
        content: All of the file, uncompressed.
        path: Where it came from, for the messages.

    Returns:
        A writable array of the shape that the file states.

    Raises:
        ValueError: If this is no IDX file of unsigned bytes, or has more or fewer bytes than it states.
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise ValueError(f"{path} starts with {content[:4]!r}, not as an IDX file of bytes: {MEND}")
    axes = content[3]
    header = 4 + 4 * axes
    if len(content) < header:
        raise ValueError(f"{path}: expected {header} bytes of header, found {len(content)} bytes: {MEND}")
    shape = np.frombuffer(content, dtype=">u4", count=axes, offset=4).tolist()
    expected = header + math.prod(shape)
    if len(content) != expected:
        raise ValueError(f"{path}: expected {expected} bytes, found {len(content)} bytes: {MEND}")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape).copy()


def read_content(path: Path) -> bytes:
    """Read a file that may be compressed.

    What a truncated ``.gz`` still holds is returned, for ``parse_idx`` to say how much is missing.

    Args:
        path: Of the file; with the suffix ``.gz`` it is uncompressed.

    Returns:
        The uncompressed bytes.

    Raises:
        ValueError: If the compressed file is corrupt, naming it.
    """
    content = path.read_bytes()
    if path.suffix != ".gz":
        return content
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(content)  # 16: gzip
    except zlib.error as error:
        raise ValueError(f"{path} is corrupt ({error}): {MEND}") from error


def _verified(path: Path, md5: str) -> NDArray[np.uint8]:
    if not path.exists():
        path = path.with_name(path.name + ".gz")
    content = read_content(path)
    array = parse_idx(content, path)  # first, for it can say how many bytes are missing
    verify(path, content, md5)
    return array
