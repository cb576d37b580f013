"""A folder of finished trials."""

import dataclasses
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.runner.files import write_whole
from analysis.runner.record import decode, encode

logger = logging.getLogger(__name__)
SUFFIX = ".npz"


class BrokenRecordError(ValueError):
    """A record's file is damaged."""


class StaleRecordError(ValueError):
    """A record was made under another specification or from other data."""


def identity(spec: Any) -> str:
    """Name a specification by its content.

    Fields left at their default do not enter the name, so that a new field whose default changes nothing leaves
    every earlier result reachable. What a changed default would break is caught on reading.

    Args:
        spec: A frozen dataclass of JSON values.

    Returns:
        Sixteen hexadecimal digits.

    Example:
        >>> identity(Trial(dataset="digits", size=100))
    """
    chosen = {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec) if _differs(spec, field)}
    text = json.dumps([type(spec).__name__, chosen], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _differs(spec: Any, field: dataclasses.Field[Any]) -> bool:
    return bool(getattr(spec, field.name) != field.default)


class Store:
    """A folder of finished trials, one file each.

    A file carries its final name only once it is complete, so that an interrupted run leaves nothing that a later
    run could mistake for a result. Only one process writes.

    Args:
        folder: Where the records lie; created at the first write.
        drawer: From a specification to the folder inside that keeps its record, such as the name of its data set;
            by default all records lie side by side.

    Example:
        >>> Store(Path("data/results"), drawer=lambda trial: trial.dataset)[trial]["outcome"]["accuracy"]
    """

    def __init__(self, folder: str | Path, drawer: Callable[[Any], str] | None = None) -> None:
        self.folder = Path(folder)
        self._drawer = drawer

    def path(self, spec: Any) -> Path:
        """File in which the record of a specification lies, or would."""
        place = self.folder if self._drawer is None else self.folder / self._drawer(spec)
        return place / f"{identity(spec)}{SUFFIX}"

    def __contains__(self, spec: Any) -> bool:
        return self.path(spec).exists()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Path]:
        yield from sorted(self.folder.glob(f"{'' if self._drawer is None else '*/'}*{SUFFIX}"))

    def __getitem__(self, spec: Any) -> dict[str, Any]:
        path = self.path(spec)
        if not path.exists():
            raise KeyError(f"no record {path} of {spec}")
        try:
            record = decode(path.read_bytes())
        except ValueError as error:
            raise BrokenRecordError(f"{path}: {error}; run its study again, which sets it aside") from error
        self._refuse_stale(path, spec, record, {})
        return record

    def __setitem__(self, spec: Any, record: Mapping[str, Any]) -> None:
        header = {key: value for key, value in record.items() if key != "arrays"}
        header["specification"] = dataclasses.asdict(spec)
        content = encode(header, record.get("arrays", {}))
        path = self.path(spec)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)

    def missing(self, specs: Iterable[Any], *, content: Mapping[str, Any] | None = None) -> list[Any]:
        """Specifications without a usable record, each once, in order.

        A damaged record is named in one line, set aside under the suffix ``.broken``, and counts as missing. So does a
        stale one, whose file will be replaced.

        Args:
            specs: What is wanted.
            content: Entries that a record's header must agree with, such as the hash of the data.

        Returns:
            What has to be run.
        """
        return [spec for spec in dict.fromkeys(specs) if not self._usable(spec, content or {})]

    def _usable(self, spec: Any, content: Mapping[str, Any]) -> bool:
        path = self.path(spec)
        if not path.exists():
            return False
        try:
            self._refuse_stale(path, spec, decode(path.read_bytes()), content)
        except StaleRecordError as error:
            logger.warning("%s: it is run again", error)
            return False
        except ValueError as error:
            aside = path.with_suffix(".broken")
            path.replace(aside)
            logger.warning("%s is %s: set aside as %s and run again", path, error, aside.name)
            return False
        return True

    @staticmethod
    def _refuse_stale(path: Path, spec: Any, record: Mapping[str, Any], content: Mapping[str, Any]) -> None:
        asked = json.loads(json.dumps(dataclasses.asdict(spec)))
        kept = record["specification"]
        changed = sorted(name for name, value in kept.items() if asked.get(name, value) != value)
        changed += [name for name, value in content.items() if record.get(name) != value]
        if changed:
            raise StaleRecordError(f"{path} was made under another {', '.join(changed)}")
