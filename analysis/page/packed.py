"""Text small enough to lie in a page by the dozen: compressed, and written in letters."""

import base64
import gzip


def packed(text: str) -> str:
    """Compress text; the same text gives the same letters at any time.

    Args:
        text: Of any length.

    Returns:
        gzip in base64, which a browser's ``DecompressionStream`` opens.

    Example:
        >>> unpacked(packed("size,value"))
        'size,value'
    """
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode("ascii")


def unpacked(letters: str) -> str:
    """Undo :func:`packed`.

    Args:
        letters: From :func:`packed`.

    Returns:
        The text.
    """
    return gzip.decompress(base64.b64decode(letters)).decode()
