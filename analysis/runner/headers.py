"""Headers of a drawer's records, kept in one file so that thousands are read at once.

Records stay as they are; the file, the index, is a cache under ``data/cache/headers``. It holds an entry a line, and
grows at its end: by whoever writes a record, and by whoever had to open one. Of a record that was replaced the last
entry counts. A line that was cut short, as by a kill, is no entry, and what has no entry is read from its record again.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from analysis.machine import cache_dir
from analysis.runner.files import write_whole
from analysis.runner.record import decode, decode_header

logger = logging.getLogger(__name__)
FORMAT = 2  # raise it when the file is laid out differently
YOUNG = 2_000_000_000  # nanoseconds: a file system's clock may not tell two writes apart that are closer
SLACK = 2  # lines for each record before the index is written anew: all writing together stays linear in the records
Header = dict[str, Any]
Stamp = tuple[int, int]  # size and time of change
Entry = tuple[Stamp, Header]


class Summary(NamedTuple):
    """Numbers of each record that need its arrays, to be kept with its header as ``"summary"``.

    Attributes:
        name: Says what ``of`` computes: another computation needs another name.
        of: From a whole record to JSON values.
    """

    name: str
    of: Callable[[Mapping[str, Any]], Any]


def keep_header(path: Path, header: Header, stamp: Stamp) -> None:
    """Note the header of a record that has just been written, so that it need not be opened again.

    Args:
        path: Of the record.
        header: All but the arrays.
        stamp: Size and time of change, from ``write_whole``.
    """
    _append(_index(path.parent, None), {path.name: (stamp, header)})


def read_headers(drawer: Path, names: Iterable[str], summary: Summary | None = None) -> dict[str, Header | ValueError]:
    """Read the headers of records in one folder.

    A file is opened only if its name, size or time of change is not the one that is known. What is read from a file
    that is so young that these would not show another change is not kept.

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
    index = _index(drawer, summary)
    known, lines = _load(index)
    found: dict[str, Header | ValueError] = {}
    fresh: dict[str, Entry] = {}
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
            fresh[name] = (stamp, header)
    _append(index, fresh)
    if lines + len(fresh) > SLACK * (len(stamps) + 1):
        _compact(index, stamps)
    return found


def _read(path: Path, summary: Summary | None) -> Header | ValueError:
    try:
        content = path.read_bytes()
        if summary is None:
            return decode_header(content)
        record = decode(content)
    except ValueError as error:
        return error
    return {key: value for key, value in record.items() if key != "arrays"} | {"summary": summary.of(record)}


def _stamps(drawer: Path) -> dict[str, Stamp]:
    """Size and time of change of every file."""
    try:
        with os.scandir(drawer) as entries:
            stats = ((entry.name, entry.stat()) for entry in entries if entry.is_file())
            return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _index(drawer: Path, summary: Summary | None) -> Path:
    place = json.dumps([FORMAT, str(drawer.resolve()), None if summary is None else summary.name])
    return cache_dir() / "headers" / f"{drawer.name}-{hashlib.sha256(place.encode()).hexdigest()[:16]}.jsonl"


def _load(index: Path) -> tuple[dict[str, Entry], int]:
    """Newest entry of each record, and the number of lines."""
    try:
        lines = index.read_bytes().split(b"\n")
    except OSError:
        return {}, 0
    entries: dict[str, Entry] = {}
    for parsed in _parsed(lines):
        try:
            name, (size, changed), header = parsed
        except (ValueError, TypeError):  # of another layout
            continue
        if isinstance(header, dict):
            entries[name] = ((size, changed), header)
    return entries, len(lines)


def _parsed(lines: list[bytes]) -> list[Any]:
    """What lines hold; one that is empty or was cut short holds nothing."""
    full = [line for line in lines if line]
    with suppress(ValueError):  # all at once takes two thirds of the time
        found: list[Any] = json.loads(b"[%s]" % b",".join(full))
        if len(found) == len(full):
            return found
    parsed = []
    for line in lines:
        with suppress(ValueError):
            parsed.append(json.loads(line))
    return parsed


def _append(index: Path, entries: Mapping[str, Entry]) -> None:
    """In one write, so that writers do not mix, and beginning with a new line, in case the last one was cut short."""
    if not entries:
        return
    try:
        index.parent.mkdir(parents=True, exist_ok=True)
        with index.open("ab", buffering=0) as file:
            file.write(b"\n" + _lines(entries))
    except OSError as error:
        _warn(index, str(error))


def _compact(index: Path, stamps: Mapping[str, Stamp]) -> None:
    """Drop entries of records that have changed or gone; what others append meanwhile may be lost with them."""
    entries, _ = _load(index)
    current = {name: entry for name, entry in entries.items() if stamps.get(name) == entry[0]}
    try:
        write_whole(index, _lines(current))
    except OSError as error:
        _warn(index, str(error))


def _lines(entries: Mapping[str, Entry]) -> bytes:
    lines = (json.dumps([name, *entry]) for name, entry in entries.items())  # the encoder without options is kept
    return "".join(f"{line}\n" for line in lines).encode()


@lru_cache
def _warn(index: Path, problem: str) -> None:
    """Once for each file: it is asked for with every record."""
    logger.warning("headers are not kept in %s: %s", index, problem)
