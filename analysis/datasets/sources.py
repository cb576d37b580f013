"""From a name to a data set: known data sets, files and folders in the data folder, paths."""

import os
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from analysis.datasets import folders, npz, parquet
from analysis.datasets.dataset import Dataset, refuse_untrained
from analysis.datasets.drawn import FORM, draw_dataset, recipe_of
from analysis.datasets.known import KNOWN


def load(name: str | Path, data_dir: str | Path | None = None, download: bool = False) -> Dataset:
    """Load a data set.

    Tried in this order: the name of a known data set (``KNOWN``); a file or folder of that name in
    ``data_dir``; a path to a file or folder; one of these with ``-mixture`` or, say, ``-mixture-240k`` behind
    it, for training images drawn from mixtures that are fitted to it. Of a file, the suffix ``.npz`` or
    ``.parquet`` may be left out. A folder holds parquet files of images, as Hugging Face writes them, or class
    folders of images. ``data_dir`` is only read, unless ``download`` is set. Files that are truncated, corrupt,
    or not images of one size and labels are refused with a ValueError that names them.

    Use: ``load("mnist", data_dir="../shared/data").train.images`` has shape ``(60000, 28, 28, 1)``.

    Args:
        name: Of a known data set, a file or a folder; or a path. Names that start with ``.``, ``/`` or
            ``~`` are paths only.
        data_dir: Folder of the data sets; by default ``ANALYSIS_DATA_DIR``, then ``data/``.
        download: Fetch the missing files of a known data set into ``data_dir/downloads`` first, even where
            ``data_dir`` was given. Of other sources nothing is fetched.

    Returns:
        The data set, named by the base name of its source.

    Raises:
        FileNotFoundError: If files of a known data set are missing, naming them and their place.
        ValueError: If the name is neither known nor found.
    """
    root = Path(data_dir or os.environ.get("ANALYSIS_DATA_DIR") or "data")
    name = str(name)
    if name not in KNOWN:
        path = _found(name, root)
        return _drawn(name, root, data_dir, download) if path is None else read(path)
    if download:
        from analysis.datasets.fetch import fetch  # slow to import, and seldom needed

        fetch(name, root)
    missing = _incomplete(name, root, data_dir)
    if missing:
        raise FileNotFoundError(missing)
    return KNOWN[name].read(*_folders(name, root))


def is_complete(name: str, data_dir: str | Path | None = None) -> bool:
    """Whether all files of a known data set are here, and of the one it is tested on; none is read.

    Use: ``is_complete("edm-1m", "../shared/data")``.

    Args:
        name: Of a known data set.
        data_dir: Folder of the data sets, as for ``load``.

    Returns:
        Whether ``load`` would look no further.
    """
    root = Path(data_dir or os.environ.get("ANALYSIS_DATA_DIR") or "data")
    return not _incomplete(name, root, data_dir)


def read(path: Path) -> Dataset:
    """Read a data set from a file or folder, by whatever format it has.

    Use: ``read(Path("photos"))``.

    Args:
        path: An ``.npz`` or ``.parquet`` file, a folder of parquet files, or one of class folders.

    Returns:
        The data set, named by the last part of the path.

    Raises:
        ValueError: If the path is no data set, naming it, what was found and what was expected.
    """
    try:
        data = replace(_read(path), name=_base_name(path))
        refuse_untrained(data)
    except ValueError as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"{path}: {error}") from error
    return data


def _drawn(name: str, root: Path, data_dir: str | Path | None, download: bool) -> Dataset:
    recipe = recipe_of(name)
    if recipe is None:
        raise ValueError(_unknown(name, root))
    return draw_dataset(load(recipe.source, data_dir, download), Path(name).name, recipe.count)


def _read(path: Path) -> Dataset:
    if path.suffix == ".npz":
        return npz.read_npz(path)
    if parquet.files_in(path):
        return parquet.read_parquet(path)
    if path.is_dir():
        return folders.read_folders(path)
    raise ValueError(f"found the file {path}, expected an .npz or .parquet file, or a folder")


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
    alike = get_close_matches(name, _neighbours(name, root), n=3)
    meant = f"; is it {' or '.join(alike)}?" if alike else ""
    return f"unknown data set {name!r}: known are {', '.join(KNOWN)}; {FORM}; also looked for {looked}{meant}"


def _neighbours(name: str, root: Path) -> list[str]:
    """Names that might be meant: the known ones, and what lies where the data set was looked for."""
    folders = {path.parent for path in _candidates(name, root)}
    return [*KNOWN, *(path.name for folder in folders if folder.is_dir() for path in folder.iterdir())]


def _folders(name: str, root: Path) -> list[Path]:
    """Folder of a complete data set, then that of the one it is tested on."""
    known = KNOWN[name]
    tested_on = _folders(known.tested_on, root) if known.tested_on else []
    return [(known.place(root) or root) / known.folder, *tested_on]


def _incomplete(name: str, root: Path, data_dir: str | Path | None) -> str:
    """What to do about missing files; empty where there are none."""
    known = KNOWN[name]
    if known.place(root) is not None:
        return _incomplete(known.tested_on, root, data_dir) if known.tested_on else ""
    there = min((root, root / "downloads"), key=lambda place: len(known.missing(place)))
    missing = ", ".join(path.name for path in known.missing(there))
    either = " (plain or .gz)" if known.compressed else ""
    command = f"python -m analysis data {name}" + (f" --data-dir {data_dir}" if data_dir else "")
    return f"{name} is not complete: run `{command}`, or put {missing}{either} into {there / known.folder} by hand"
