"""Drawings as files: figures as PDF, PNG and SVG, their numbers as CSV, drawn again only when something changed."""

import hashlib
import io
import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.plots import add_caption, house_style, settle
from analysis.runner.files import refuse_unwritable, write_whole
from analysis.studies.study import Drawing

FORMATS = {
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
    "svg": {"Date": None},
}  # equal figures, equal bytes
INDEX = "drawn.json"
LETTERS_PER_INCH = 18.5  # of a caption, in the widest lines seen
CLIP_PATH, CLIP_NAME = re.compile(rb'<clipPath id="(\w+)">\s*(<[^>]*>)'), re.compile(rb"\bp[0-9a-f]{10}\b")
DRAWING_CODE = ("gallery.py", "studies", "plots", "scaling", "theory")


@dataclass(frozen=True)
class Printed:
    """A drawing as the bytes of its files, which can go from one process to another.

    Attributes:
        files: What the names of the files end with, and their contents.
        told: What a page must know: ``caption``, and ``height`` of the figure above it, in points.
    """

    files: Mapping[str, bytes]
    told: Mapping[str, Any]


def printed(drawing: Drawing) -> Printed:
    """Print a figure in all formats, its tables, and what a page needs to answer questions about it.

    Args:
        drawing: What to print; its figure gains the caption.

    Returns:
        The files; equal drawings give equal bytes.

    Example:
        >>> printed(drawing).files[".png"]
    """
    inches = drawing.figure.get_size_inches()
    told = {"caption": drawing.caption, "height": round(72 * float(inches[1]), 3)}
    add_caption(drawing.figure, textwrap.wrap(drawing.caption, int(inches[0] * LETTERS_PER_INCH)))
    with house_style():
        settle(drawing.figure)
    files = {}
    for suffix, metadata in FORMATS.items():
        page = io.BytesIO()
        with house_style():
            drawing.figure.savefig(page, format=suffix, metadata=metadata)
        files[f".{suffix}"] = _with_settled_names(page.getvalue()) if suffix == "svg" else page.getvalue()
    for suffix, rows in drawing.tables.items():
        files[f"{suffix}.csv"] = rows.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode()
    files |= {ending: text.encode() for ending, text in drawing.documents.items()}
    if drawing.explored is not None:
        files[".json"] = json.dumps(drawing.explored(), sort_keys=True, separators=(",", ":")).encode()
    return Printed(files, told)


class Gallery:
    """A folder of figures. Only one process writes to it.

    Args:
        folder: Created if it is missing.

    A folder that cannot be written to is refused with a PermissionError.

    Example:
        >>> Gallery("figures").write("digits/spectrum", printed(drawing), key)
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

    def write(self, name: str, page: Printed, key: str) -> list[Path]:
        """Keep the files of a figure.

        Args:
            name: Of the figure, with its folder.
            page: Its files.
            key: From :func:`drawing_key`.

        Returns:
            The files written.
        """
        stem = self.folder / name
        stem.parent.mkdir(parents=True, exist_ok=True)
        self._forget(name)
        paths = []
        for ending, content in page.files.items():
            paths.append(stem.with_name(f"{stem.name}{ending}"))
            write_whole(paths[-1], content)
        self._record(name, key, paths, page.told)
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


def _with_settled_names(svg: bytes) -> bytes:
    """Clip paths named by their sizes as they are written.

    Matplotlib takes all digits, of which the last depend on where in memory the solver of its layout happens to keep
    its variables: the same figure would not always be the same bytes.

    Returns:
        The SVG.
    """
    names = {name: b"p" + hashlib.sha256(shape).hexdigest()[:10].encode() for name, shape in CLIP_PATH.findall(svg)}
    return CLIP_NAME.sub(lambda found: names.get(found[0], found[0]), svg)


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
