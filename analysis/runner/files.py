"""Files that are whole or not there."""

import os
import time
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> tuple[int, int]:
    """Write a file under a temporary name, then give it its own: whoever reads it finds all of it.

    Its time of change is set by the precise clock: file systems take one that ticks every few milliseconds, within
    which two writes look alike.

    Args:
        path: In a folder that exists; an older file is replaced.
        content: All of it.

    Returns:
        Size and time of change, in nanoseconds, which no other file of this name will have; nor has this one where the
        file system keeps times less precisely.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        now = time.time_ns()
        with suppress(OSError):
            os.utime(partial, ns=(now, now))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return len(content), now


def refuse_unwritable(folder: Path, contents: str) -> None:
    """Create a folder if it is missing, and find out before anything is computed whether it can be written to.

    Args:
        folder: Which.
        contents: What it is for, in the plural, for the message.

    Raises:
        PermissionError: If it cannot be created or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "probe", b"")
        (folder / "probe").unlink()
    except OSError as error:
        raise PermissionError(f"{contents} cannot be written to {folder}: {error.strerror}") from error
