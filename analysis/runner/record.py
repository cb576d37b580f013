"""One finished trial as one file: a zip archive with a JSON header and the arrays, readable by ``numpy.load``."""

import io
import json
import math
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.runner.archive import members

HEADER = "record.json"
NPY = b"\x93NUMPY\1\0"  # what a member begins with whose description is short and plain
EPOCH = (1980, 1, 1, 0, 0, 0)  # the archive holds no clock time: equal records are equal bytes


def encode(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Pack a record into the bytes of its file.

    Args:
        header: JSON values only.
        arrays: Arrays without Python objects, by name.

    Returns:
        The archive.

    Example:
        >>> decode(encode({"outcome": {}}, {"radii": np.zeros(3)}))["arrays"]["radii"]
        array([0., 0., 0.])
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(header, sort_keys=True, indent=1, allow_nan=False)
        archive.writestr(zipfile.ZipInfo(HEADER, EPOCH), text, zipfile.ZIP_DEFLATED)
        for name, values in sorted(arrays.items()):
            member = io.BytesIO()
            np.save(member, values, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH), member.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def decode(content: bytes) -> dict[str, Any]:
    """Unpack a record; every member's checksum is verified.

    Args:
        content: What :func:`encode` returned.

    Returns:
        The header's keys, and ``"arrays"``.

    Raises:
        ValueError: If the archive is damaged or is no record.
    """
    try:
        found = members(content)
        record = _header(found)
        record["arrays"] = {name.removesuffix(".npy"): _array(data) for name, data in found.items() if name != HEADER}
    except (ValueError, EOFError) as error:
        raise ValueError(f"not a whole record: {error}") from error
    return record


def decode_header(content: bytes) -> dict[str, Any]:
    """Unpack everything but the arrays; their checksums are verified all the same.

    Args:
        content: What :func:`encode` returned.

    Returns:
        The header's keys.

    Raises:
        ValueError: If the archive is damaged or is no record.
    """
    try:
        return _header(members(content))
    except ValueError as error:
        raise ValueError(f"not a whole record: {error}") from error


def _header(found: Mapping[str, bytes]) -> dict[str, Any]:
    if HEADER not in found:
        raise ValueError(f"it has no {HEADER}")
    header = json.loads(found[HEADER])
    if not isinstance(header, dict):
        raise ValueError(f"its {HEADER} holds no names")
    return header


def _array(data: bytes) -> NDArray[Any]:
    """As ``numpy.load`` reads it, which takes most of its time for the description that thousands of arrays share."""
    if data[: len(NPY)] != NPY:
        return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
    start = len(NPY) + 2
    end = start + int.from_bytes(data[len(NPY) : start], "little")
    shape, is_fortran, dtype = _described(data[len(NPY) : end])
    if dtype.hasobject or end + math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError("an array is not what it says")
    return np.ndarray(shape, dtype, data, end, order="F" if is_fortran else "C").copy(order="K")


@lru_cache
def _described(text: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    return np.lib.format.read_array_header_1_0(io.BytesIO(text))
