"""Drawings as files: figures as PDF, PNG and SVG, their numbers as CSV, drawn again only when something changed."""

import hashlib
import json
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.plots import add_caption, house_style
from analysis.runner.files import refuse_unwritable, write_whole
from analysis.studies.study import Drawing

FORMATS = {
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
    "svg": {"Date": None},
}  # equal figures, equal bytes
INDEX = "drawn.json"
LETTERS_PER_INCH = 18.5  # of a caption, in the widest lines seen
DRAWING_CODE = ("gallery.py", "studies", "plots", "scaling", "theory")


class Gallery:
    """A folder of figures.

    Args:
        folder: Created if it is missing.

    A folder that cannot be written to is refused with a PermissionError.

    Example:
        >>> Gallery("figures").write("digits/spectrum", drawing, key)
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        refuse_unwritable(self.folder, "figures")

    def is_current(self, name: str, key: str) -> bool:
        """Whether a figure was drawn from the same records by the same code, and all its files are there.

        Args:
            name: Of the figure, with its folder.
            key: From :func:`drawing_key`.

        Returns:
            True if drawing it again would change nothing.
        """
        entry = self._index().get(name)
        if entry is None or entry["key"] != key:
            return False
        return all((self.folder / file).exists() for file in entry["files"])

    def write(self, name: str, drawing: Drawing, key: str) -> list[Path]:
        """Save a figure in all formats, its tables, and what a page needs to answer questions about it.

        Args:
            name: Of the figure, with its folder.
            drawing: What to save; its figure gains the caption.
            key: From :func:`drawing_key`.

        Returns:
            The files written.
        """
        stem = self.folder / name
        stem.parent.mkdir(parents=True, exist_ok=True)
        self._forget(name)
        inches = drawing.figure.get_size_inches()
        width = int(inches[0] * LETTERS_PER_INCH)
        told = {"caption": drawing.caption, "height": round(72 * float(inches[1]), 3)}
        add_caption(drawing.figure, textwrap.wrap(drawing.caption, width))
        paths = []
        for suffix, metadata in FORMATS.items():
            paths.append(stem.with_name(f"{stem.name}.{suffix}"))
            with house_style():
                drawing.figure.savefig(paths[-1], metadata=metadata)
        for suffix, rows in drawing.tables.items():
            paths.append(stem.with_name(f"{stem.name}{suffix}.csv"))
            rows.to_csv(paths[-1], index=False, float_format="%.6g", lineterminator="\n")
        for ending, text in drawing.documents.items():
            paths.append(stem.with_name(f"{stem.name}{ending}"))
            write_whole(paths[-1], text.encode())
        if drawing.explored is not None:
            paths.append(stem.with_name(f"{stem.name}.json"))
            write_whole(paths[-1], json.dumps(drawing.explored(), sort_keys=True, separators=(",", ":")).encode())
        self._record(name, key, paths, told)
        return paths

    def entries(self) -> dict[str, dict[str, Any]]:
        """What is drawn, by name: ``files``, ``caption``, and ``height`` of the figure above it, in points."""
        return self._index()

    def _index(self) -> dict[str, dict[str, Any]]:
        path = self.folder / INDEX
        try:
            entries = json.loads(path.read_text())
        except (OSError, ValueError):
            return {}  # nothing drawn yet, or not readable: everything is drawn again
        return {name: entry for name, entry in entries.items() if _whole(entry)} if isinstance(entries, dict) else {}

    def _forget(self, name: str) -> None:
        """While files are half written, none of them counts as current."""
        self._save({other: entry for other, entry in self._index().items() if other != name})

    def _record(self, name: str, key: str, paths: Iterable[Path], told: Mapping[str, Any]) -> None:
        files = [path.relative_to(self.folder).as_posix() for path in paths]
        self._save(self._index() | {name: {"key": key, "files": files, **told}})

    def _save(self, entries: dict[str, dict[str, Any]]) -> None:
        text = json.dumps(entries, indent=1, sort_keys=True) + "\n"
        write_whole(self.folder / INDEX, text.encode())


def _whole(entry: object) -> bool:
    """Whether an entry of the index is one that was written here."""
    return isinstance(entry, dict) and "key" in entry and isinstance(entry.get("files"), list) and bool(entry["files"])


def drawing_key(settings: object, records: Iterable[Path]) -> str:
    """Name everything that a figure depends on: its records, its settings, and the code and libraries that draw.

    Args:
        settings: The preset; its ``repr`` counts.
        records: Files of the records.

    Returns:
        Sixteen hexadecimal digits.
    """
    import matplotlib as mpl
    import numpy as np
    import pandas as pd

    versions = (mpl.__version__, np.__version__, pd.__version__)
    digest = hashlib.sha256(repr((settings, versions)).encode())
    package = Path(__file__).parent
    sources = sorted(path for part in DRAWING_CODE for path in _python_files(package / part))
    for path in (*sources, *sorted(records)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _python_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(path.rglob("*.py"))
