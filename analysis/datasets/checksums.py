"""Whether a published file is what its publisher made it, or at least what it was when it was fetched."""

import hashlib
import logging
from pathlib import Path

from analysis.datasets.places import whole_file
from analysis.machine import cache_dir

LOG = logging.getLogger(__name__)

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


def record(path: Path) -> None:
    """Write a file's sha256 beside it, in the format of ``sha256sum``.

    For files without a published checksum: what came first is held from then on.

    Args:
        path: Of the file; the record has the suffix ``.sha256`` after it.
    """
    with whole_file(_record_path(path)) as file:
        file.write(f"{fingerprint(path)}  {path.name}\n".encode())


def recorded(path: Path) -> str | None:
    """Look up what ``record`` wrote.

    Args:
        path: Of the file, which need not be there any more.

    Returns:
        64 hexadecimal digits, or None where nothing is recorded.

    Raises:
        ValueError: If the record is something else.
    """
    if not _record_path(path).is_file():
        return None
    digits = _record_path(path).read_text().partition(" ")[0].strip()
    if len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise ValueError(f"{_record_path(path)} holds no sha256: delete it")
    return digits


def fingerprint(path: Path) -> str:
    """Give a file's sha256, computed once for each size and time of change.

    A file of several GB takes long to read; so the answer is noted in the cache, if that can be written.

    Use: ``fingerprint(Path("1m.npz"))``.

    Args:
        path: Of the file.

    Returns:
        64 hexadecimal digits.
    """
    status = path.stat()
    stamp = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
    note = cache_dir() / "fingerprints" / hashlib.sha256(stamp.encode()).hexdigest()
    if note.is_file() and len(digits := note.read_text()) == 64:
        return digits
    with path.open("rb") as file:
        digits = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        with whole_file(note) as file:
            file.write(digits.encode())
    except OSError as error:
        LOG.warning("cache %s cannot be written and is skipped (%s)", note, error)
    return digits


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")
