"""A downloader for pooch that goes on where an earlier one stopped, and gives up on a server that stalls."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import requests
import urllib3
from tqdm.auto import tqdm

CONNECTING = 10.0  # seconds
STALL = 30.0  # seconds without a byte
PIECE = 2**16  # bytes
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "robust-classification-analysis"}  # identity: .gz stays .gz


class TransferError(OSError):
    """A server did not send a file, or not all of it; what came of it is kept."""


class Downloader:
    """Fetch one file over HTTP into a partial file, and move it away once it is complete.

    Use: ``pooch.retrieve(url, checksum, downloader=Downloader(Path("1m.npz.partial")))``.

    Attributes:
        partial: What came so far, kept after an error for the next attempt, of whatever process.
        is_continued: Whether the last attempt began with bytes of an earlier one.
    """

    def __init__(self, partial: Path, check: Callable[[Path], None] | None = None):
        self.partial = partial
        self.is_continued = False
        self._check = check

    @property
    def size(self) -> int:
        """Bytes that came so far."""
        return self.partial.stat().st_size if self.partial.exists() else 0

    def __call__(self, url: str, output_file: str, pooch: Any = None) -> None:
        """Fetch the file; pooch compares its checksum afterwards.

        Args:
            url: Where it is published.
            output_file: Path that it gets once it is complete.
            pooch: Not used; pooch passes it.

        Raises:
            TransferError: If the server does not send all of it.
            ValueError: If the file is not what the check expects; then nothing of it is kept.
        """
        with _locked(self.partial) as file:
            self.is_continued = file.tell() > 0
            try:
                _receive(url, file, self.partial.name.removesuffix(".partial"))
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                raise TransferError(_reason(error)) from error
            file.flush()
            if self._check is not None:
                try:
                    self._check(self.partial)
                except ValueError:
                    self.partial.unlink()
                    raise
            self.partial.replace(output_file)


def _receive(url: str, file: BinaryIO, name: str) -> None:
    start = file.tell()
    headers = HEADERS | ({"Range": f"bytes={start}-"} if start else {})
    with closing(requests.get(url, headers=headers, stream=True, timeout=(CONNECTING, STALL))) as response:
        total = _total(response)
        if start and response.status_code == requests.codes.requested_range_not_satisfiable:
            if total != start:  # the bytes from before are of another file
                _empty(file)
                raise ValueError(f"the {start} bytes from before are not of this file")
            return
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:  # from the beginning, asked or not
            start = _empty(file)
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise TransferError(f"asked for bytes from {start}, got {response.headers.get('Content-Range')}")
        _write(response, file, tqdm(desc=name, initial=start, total=total, unit="B", unit_scale=True, disable=None))
    if total is not None and file.tell() != total:
        raise TransferError(f"sent {file.tell()} of {total} bytes")


def _empty(file: BinaryIO) -> int:
    file.seek(0)
    return file.truncate()


def _write(response: requests.Response, file: BinaryIO, progress: "tqdm[Any]") -> None:
    with progress:
        for piece in response.raw.stream(PIECE, decode_content=False):
            file.write(piece)
            progress.update(len(piece))


def _total(response: requests.Response) -> int | None:
    """Size of the whole file, whatever part of it is sent."""
    length = response.headers.get("Content-Length", "")
    if "Content-Range" in response.headers:
        length = response.headers["Content-Range"].rpartition("/")[2]
    return int(length) if length.isdecimal() else None


def _reason(error: Exception) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return f"stalled for {STALL:g} s"
    return f"connection failed ({error.args[0] if error.args else error})"


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open a file to append to it, alone: two processes writing one file would spoil it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(file.fileno()), path.stat()):  # the other one has just moved it away
                raise FileNotFoundError
        except (BlockingIOError, FileNotFoundError):
            raise TransferError(f"{path} is being downloaded by another process") from None
        try:
            yield file
        finally:
            if path.exists() and not path.stat().st_size:
                path.unlink()  # nothing came of it
