"""From a name to a data set: known data sets, files and folders in the data folder, paths."""

import os
from dataclasses import replace
from pathlib import Path

from analysis.datasets import folders, npz, parquet
from analysis.datasets.dataset import Dataset
from analysis.datasets.known import KNOWN

NO_DOWNLOAD = "downloading comes in a later version"


def load(name: str | Path, data_dir: str | Path | None = None, download: bool = False) -> Dataset:
    """Load a data set.

    Tried in this order: the name of a known data set (``KNOWN``); a file or folder of that name in
    ``data_dir``; a path to a file or folder. Of a file, the suffix ``.npz`` or ``.parquet`` may be left
    out. A folder holds parquet files of images, as Hugging Face writes them, or class folders of images.
    ``data_dir`` is only read. Files that are truncated, corrupt, or not images of one size and labels are
    refused with a ValueError that names them.

    Use: ``load("mnist", data_dir="../shared/data").train.images`` has shape ``(60000, 28, 28, 1)``.

    Args:
        name: Of a known data set, a file or a folder; or a path. Names that start with ``.``, ``/`` or
            ``~`` are paths only.
        data_dir: Folder of the data sets; by default ``ANALYSIS_DATA_DIR``, then ``data/``.
        download: Fetch what is missing; so far refused.

    Returns:
        The data set, named by the base name of its source.

    Raises:
        FileNotFoundError: If files of a known data set are missing, naming them and their place.
        ValueError: If the name is neither known nor found, or something would have to be downloaded.
    """
    root = Path(data_dir or os.environ.get("ANALYSIS_DATA_DIR") or "data")
    if str(name) not in KNOWN:
        path = _found(str(name), root)
        if path is None:
            raise ValueError(_unknown(str(name), root))
        return read(path)
    known = KNOWN[str(name)]
    for place in (root, root / "downloads"):
        if not known.missing(place):
            return known.read(place / known.folder)
    explanation = _incomplete(str(name), root)
    if download:
        raise ValueError(f"{NO_DOWNLOAD}: {explanation}")
    raise FileNotFoundError(explanation)


def read(path: Path) -> Dataset:
    """Read a data set from a file or folder, by whatever format it has.

    Use: ``read(Path("photos"))``.

    Args:
        path: An ``.npz`` or ``.parquet`` file, a folder of parquet files, or one of class folders.

    Returns:
        The data set, named by the last part of the path.

    Raises:
        ValueError: If the path is no data set, naming it and what is wrong.
    """
    try:
        return replace(_read(path), name=_base_name(path))
    except ValueError as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"{path}: {error}") from error


def _read(path: Path) -> Dataset:
    if path.suffix == ".npz":
        return npz.read_npz(path)
    if parquet.files_in(path):
        return parquet.read_parquet(path)
    if path.is_dir():
        return folders.read_folders(path)
    raise ValueError(f"{path} is no .npz or .parquet file, and no folder")


def _base_name(path: Path) -> str:
    if path.name in ("", ".."):
        path = path.resolve()  # not always: a link is called by its own name
    return path.stem if path.is_file() else path.name


def _candidates(name: str, root: Path) -> list[Path]:
    given = Path(name).expanduser()
    places = [given] if name.startswith((".", "/", "~")) else [root / name, given]
    return [Path(f"{place}{suffix}") for place in places for suffix in ("", ".npz", ".parquet")]


def _found(name: str, root: Path) -> Path | None:
    if not name:
        return None
    return next((path for path in _candidates(name, root) if path.exists()), None)


def _unknown(name: str, root: Path) -> str:
    looked = ", ".join(map(str, _candidates(name, root)))
    return f"unknown data set {name!r}: known are {', '.join(KNOWN)}; also looked for {looked}"


def _incomplete(name: str, root: Path) -> str:
    known = KNOWN[name]
    there = min((root, root / "downloads"), key=lambda place: len(known.missing(place)))
    missing = ", ".join(path.name for path in known.missing(there))
    either = " (plain or .gz)" if known.compressed else ""
    return f"{name} is not complete: put {missing}{either} into {there / known.folder}"
