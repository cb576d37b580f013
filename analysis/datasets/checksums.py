"""Whether a published file is what its publisher made it."""

import hashlib
from pathlib import Path

MEND = "delete it and fetch it again"


def verify(path: Path, content: bytes, md5: str) -> None:
    """Refuse content that is not the published one.

    Use: ``verify(path, path.read_bytes(), "5ff9c542aee3614f3951f8cda6e48888")``.

    Args:
        path: Where the content came from, for the message.
        content: All of the file, uncompressed.
        md5: Published checksum, 32 hexadecimal digits.

    Raises:
        ValueError: If the checksums differ, naming the path and both.
    """
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise ValueError(f"{path} has md5 {found} ({len(content)} bytes), expected {md5}: {MEND}")
