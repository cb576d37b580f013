"""One finished trial as one file: a zip archive with a JSON header and the arrays, readable by ``numpy.load``."""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = "record.json"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the archive holds no clock time: equal records are equal bytes
COUNT = slice(-12, -10)  # where an archive without a comment says how many members it has
# What reading a damaged archive raises; RuntimeError where it seems encrypted or of an unknown kind.
BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, RuntimeError)


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
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if len(archive.namelist()) != int.from_bytes(content[COUNT], "little"):
                raise ValueError("members are missing")  # zipfile believes a damaged directory
            record: dict[str, Any] = json.loads(archive.read(HEADER))
            record["arrays"] = {
                name.removesuffix(".npy"): np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
                for name in archive.namelist()
                if name != HEADER
            }
    except BROKEN as error:
        raise ValueError(f"not a whole record: {error}") from error
    return record
