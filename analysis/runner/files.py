"""Files that are whole or not there."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then give it its own: whoever reads it finds all of it.

    Args:
        path: In a folder that exists; an older file is replaced.
        content: All of it.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def cache_folder() -> Path:
    """Folder of what can be computed again: ``ANALYSIS_CACHE_DIR``, else ``data/cache``."""
    return Path(os.environ.get("ANALYSIS_CACHE_DIR") or "data/cache")


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
