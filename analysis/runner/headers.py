"""Headers of a drawer's records, kept in one file so that thousands are read at once.

Records stay as they are; the file is a cache under ``data/cache/headers`` and is made anew wherever it cannot be read.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from analysis.runner.files import cache_folder, write_whole
from analysis.runner.record import decode

logger = logging.getLogger(__name__)
FORMAT = 1  # raise it when the file is laid out differently
YOUNG = 2_000_000_000  # nanoseconds: a file system's clock may not tell two writes apart that are closer
SHARE = 10  # written again once a tenth is new, so that all writing together is linear in the records
Header = dict[str, Any]
Decode = Callable[[bytes], Header]


class Summary(NamedTuple):
    """Numbers of each record that need its arrays, to be kept with its header as ``"summary"``.

    Attributes:
        name: Says what ``of`` computes: another computation needs another name.
        of: From a whole record to JSON values.
    """

    name: str
    of: Callable[[Mapping[str, Any]], Any]


def read_headers(drawer: Path, names: Iterable[str], summary: Summary | None = None) -> dict[str, Header | ValueError]:
    """Read the headers of records in one folder.

    A file is opened only if its name, size or time of change is not the one that was read before, or if it is so young
    that these would not show another change.

    Args:
        drawer: The folder.
        names: Of files.
        summary: What to compute of each record beside.

    Returns:
        Of the files that exist: the header, or what is wrong with the file.

    Example:
        >>> read_headers(Path("data/results/digits"), ["abe64ce878d04d24.npz"])
    """
    stamps = _stamps(drawer)
    path = _path(drawer, summary)
    known = _load(path)
    found: dict[str, Header | ValueError] = {}
    fresh: dict[str, list[Any]] = {}
    now = time.time_ns()
    for name in names:
        stamp = stamps.get(name)
        if stamp is None:
            continue
        entry = known.get(name)
        if entry is not None and entry[0] == stamp:
            found[name] = entry[1]
            continue
        found[name] = header = _read(drawer / name, summary)
        if isinstance(header, dict) and now - stamp[1] > YOUNG:
            fresh[name] = [stamp, header]
    if len(fresh) * SHARE > len(known):
        _save(path, {name: entry for name, entry in known.items() if name in stamps} | fresh)
    return found


def _read(path: Path, summary: Summary | None) -> Header | ValueError:
    try:
        record = decode(path.read_bytes())
    except ValueError as error:
        return error
    header = {key: value for key, value in record.items() if key != "arrays"}
    return header if summary is None else header | {"summary": summary.of(record)}


def _stamps(drawer: Path) -> dict[str, list[int]]:
    """Size and time of change of every file."""
    try:
        with os.scandir(drawer) as entries:
            stats = ((entry.name, entry.stat()) for entry in entries if entry.is_file())
            return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _path(drawer: Path, summary: Summary | None) -> Path:
    place = json.dumps([FORMAT, str(drawer.resolve()), None if summary is None else summary.name])
    return cache_folder() / "headers" / f"{drawer.name}-{hashlib.sha256(place.encode()).hexdigest()[:16]}.json"


def _load(path: Path) -> dict[str, list[Any]]:
    try:
        entries = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _save(path: Path, entries: Mapping[str, list[Any]]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(entries).encode())
    except OSError as error:
        logger.warning("headers are not kept in %s: %s", path, error)
