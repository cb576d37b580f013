"""Download the files of known data sets, from whichever mirror sends them whole."""

import tarfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pooch

from analysis.datasets.checksums import record, recorded
from analysis.datasets.downloader import Downloader, TransferError
from analysis.datasets.downloads import DOWNLOADS, Download
from analysis.datasets.edm_parts import check_part
from analysis.datasets.known import KNOWN

ATTEMPTS = 100  # with one mirror; a later call goes on from there


class DownloadError(OSError):
    """No mirror sent a file."""


def fetch(name: str, data_dir: Path) -> None:
    """Download what is missing of a known data set into ``data_dir/downloads``.

    Use: ``fetch("mnist", Path("data"))``.

    Args:
        name: Of a known data set.
        data_dir: Folder of the data sets.
    """
    known = KNOWN[name]
    if known.tested_on:
        fetch(known.tested_on, data_dir)
    if known.place(data_dir) is not None:
        return
    place = data_dir / "downloads"
    missing = {path.name for path in known.missing(place)}
    for download in DOWNLOADS[name]:
        if missing.isdisjoint(download.brings):
            continue
        path = fetch_file(download, place if download.members else place / known.folder)
        if download.members:
            unpack(path, place / known.folder, download.members)
            path.unlink()


def fetch_file(download: Download, folder: Path) -> Path:
    """Download a file; it gets its name once it is complete and verified.

    Args:
        download: Which.
        folder: Where it goes.

    Returns:
        Its path.

    Raises:
        DownloadError: If no mirror sent it, with what each did instead.
    """
    path = folder / download.name
    held = recorded(path)
    checksum = download.checksum or (held and f"sha256:{held}")
    failures = []
    for url in download.urls:
        try:
            _ask(url, path, checksum)
        except (TransferError, ValueError) as error:
            failures.append(f"\n  {url}: {error}")
        else:
            if checksum is None:
                record(path)
            return path
    raise DownloadError(_explanation(download, folder, failures))


def unpack(archive: Path, folder: Path, members: Sequence[str]) -> None:
    """Take some regular files out of an archive, and nothing else.

    They are unpacked into a temporary folder first: under their own names they are always whole.

    Use: ``unpack(Path("cifar-100-python.tar.gz"), Path("cifar-100-python"), ("train", "test", "meta"))``.

    Args:
        archive: A tar file, compressed or not.
        folder: Where the files go. In the archive they lie in a folder of that name.
        members: Their names.

    Raises:
        ValueError: If the archive is corrupt, or lacks one of them as a regular file, naming it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.", suffix=".partial") as temporary:
        try:
            with tarfile.open(archive) as content:
                for name in members:
                    member = content.getmember(f"{folder.name}/{name}")
                    if not member.isreg():
                        raise ValueError(f"{archive}: {member.name} is no regular file")
                    content.extract(member, temporary, filter="data")
        except (KeyError, EOFError, tarfile.TarError) as error:
            raise ValueError(f"{archive} cannot be unpacked ({error})") from error
        for name in members:
            (Path(temporary) / folder.name / name).replace(folder / name)


def _ask(url: str, path: Path, checksum: str | None) -> None:
    """Ask one mirror, and again as long as that brings more of the file."""
    check = check_part if checksum is None else None
    downloader = Downloader(path.with_name(path.name + ".partial"), check)
    may_start_afresh = True
    for _ in range(ATTEMPTS):
        size = downloader.size
        try:
            pooch.retrieve(url, checksum, path.name, path.parent, downloader=downloader)
            return
        except TransferError:
            if downloader.size <= size:
                raise
        except ValueError as error:  # it came whole and is another file
            if not (downloader.is_continued and may_start_afresh):
                raise ValueError(f"sent another file than the published one ({error})") from error
            may_start_afresh = False  # it may have been the bytes from before
    raise TransferError(f"broke off {ATTEMPTS} times")


def _explanation(download: Download, folder: Path, failures: Sequence[str]) -> str:
    kept = Downloader(folder / f"{download.name}.partial").size
    later = f"Try again later{f': it goes on after the {kept} bytes that came' if kept else ''}"
    return f"{download.name} could not be downloaded:{''.join(failures)}\n{later}; or put it into {folder} by hand"
