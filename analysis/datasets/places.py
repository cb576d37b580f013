"""How a file gets to its place whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file under a temporary name first: under its own name it is always whole.

    Use: ``with whole_file(path) as file: file.write(content)``.

    Args:
        path: Its own name, given once the block ends without an error. Folders are made as needed.

    Yields:
        The file, open for writing bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.stem}.{uuid4().hex}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
