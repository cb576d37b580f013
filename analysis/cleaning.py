"""Records that no study asks for, and what interrupted runs left behind."""

import time
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.runner.headers import read_headers

TOLD = ("model", "size", "components", "learning_rate", "seed")  # of a specification, in a line about its record
LEFT = 3600  # seconds after which nobody is still writing a file


@dataclass(frozen=True)
class Unasked:
    """What can go.

    Attributes:
        records: Files of records, with a few words each.
        leftovers: Failures of trials that nobody asks for, damaged records, files that were never finished.
        kept: Folders whose records are kept since it is not known what is asked of them, and their number.
    """

    records: Mapping[Path, str]
    leftovers: tuple[Path, ...]
    kept: Mapping[Path, int]

    def lines(self) -> list[str]:
        """List everything, one file a line."""
        kept = [f"{folder}: its {count} records are kept" for folder, count in self.kept.items()]
        return [*(f"{path}  {words}" for path, words in self.records.items()), *map(str, self.leftovers), *kept]

    def remove(self) -> int:
        """Remove the records and the leftovers.

        Returns:
            How many files were removed.
        """
        paths = (*self.records, *self.leftovers)
        for path in paths:
            path.unlink(missing_ok=True)
        return len(paths)


def unasked(results: Path, asked: Mapping[str, Set[str]]) -> Unasked:
    """Find what no study asks for.

    Args:
        results: Folder of the records, those of each data set in a folder of its own.
        asked: Names of the records that are asked for, by data set; a data set that is not here is left alone.

    Returns:
        What can go, in order of its name.

    Example:
        >>> unasked(Path("data/results"), {"digits": {"abe64ce878d04d24"}}).lines()
    """
    records: dict[Path, str] = {}
    leftovers: list[Path] = []
    kept: dict[Path, int] = {}
    for drawer in sorted(path for path in results.glob("*") if path.is_dir()):
        inside = sorted(drawer.glob("*.npz"))
        if drawer.name not in asked:
            if inside:
                kept[drawer] = len(inside)
            continue
        extra = [path for path in inside if path.stem not in asked[drawer.name]]
        headers = read_headers(drawer, [path.name for path in extra])
        records |= {path: _words(headers.get(path.name)) for path in extra}
        failed = sorted((drawer / "failures").glob("*.json"))
        leftovers += [path for path in failed if path.stem not in asked[drawer.name]]
        leftovers += sorted(drawer.glob("*.broken"))
        leftovers += [path for path in sorted(drawer.rglob("*.partial")) if time.time() - path.stat().st_mtime > LEFT]
    return Unasked(records, tuple(leftovers), kept)


def _words(header: Any) -> str:
    if not isinstance(header, dict):
        return "damaged"
    fields = header.get("specification", {})
    return ", ".join(f"{name} {fields[name]}" for name in TOLD if fields.get(name) is not None)
