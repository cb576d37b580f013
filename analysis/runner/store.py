"""A folder of finished trials."""

import dataclasses
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from analysis.runner.failures import described
from analysis.runner.files import write_whole
from analysis.runner.headers import Summary, keep_header, read_headers
from analysis.runner.record import decode, encode

logger = logging.getLogger(__name__)
SUFFIX = ".npz"
FAILURES = "failures"
ENCODER = json.JSONEncoder(sort_keys=True, allow_nan=False)


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
    kind: Any = type(spec)
    chosen = {name: value for name, default in _defaults(kind) if (value := getattr(spec, name)) != default}
    return hashlib.sha256(ENCODER.encode([kind.__name__, chosen]).encode()).hexdigest()[:16]


@lru_cache
def _defaults(kind: type) -> list[tuple[str, Any]]:
    return [(field.name, field.default) for field in dataclasses.fields(kind)]


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
        drawer, name = self._place(spec)
        return self.folder / drawer / name

    def _place(self, spec: Any) -> tuple[str, str]:
        """Folder inside, and name of the file."""
        return "" if self._drawer is None else self._drawer(spec), f"{identity(spec)}{SUFFIX}"

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
        problem = self._fitting(spec, record, {})
        if isinstance(problem, StaleRecordError):
            raise problem
        return record

    def __setitem__(self, spec: Any, record: Mapping[str, Any]) -> None:
        header = {key: value for key, value in record.items() if key != "arrays"}
        header["specification"] = dataclasses.asdict(spec)
        content = encode(header, record.get("arrays", {}))
        path = self.path(spec)
        path.parent.mkdir(parents=True, exist_ok=True)
        keep_header(path, header, write_whole(path, content))
        self._failure_path(spec).unlink(missing_ok=True)

    def keep_failure(self, spec: Any, error: BaseException) -> None:
        """Keep why a specification has no record, until it has one.

        Args:
            spec: What failed; its failure may be kept already.
            error: What was raised.
        """
        path = self._failure_path(spec)
        text = json.dumps(described(error) | {"specification": dataclasses.asdict(spec)}, indent=1)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text.encode())
        except OSError as problem:
            logger.warning("the failure of %s is not kept: %s", spec, problem)

    def failures(self, specs: Iterable[Any]) -> dict[Any, dict[str, Any]]:
        """Find the specifications whose last run failed.

        Args:
            specs: Which to ask about.

        Returns:
            Of each that failed: ``error`` (one line), ``traceback``, ``time`` (UTC) and ``specification``.

        Example:
            >>> [failure["error"] for failure in store.failures(trials).values()]
        """
        found = {}
        for spec in dict.fromkeys(specs):
            try:
                failure = json.loads(self._failure_path(spec).read_bytes())
            except (OSError, ValueError):
                continue
            found[spec] = failure
        return found

    def headers(
        self, specs: Iterable[Any], *, content: Mapping[str, Any] | None = None, summary: Summary | None = None
    ) -> dict[Any, dict[str, Any]]:
        """Read everything but the arrays of the usable records, thousands in a second.

        Args:
            specs: Whose.
            content: Entries that a record's header must agree with, such as the hash of the data.
            summary: Numbers to compute from the arrays and to keep with the headers, as ``"summary"``.

        Returns:
            Headers of the records that are whole and not stale, in the order of the specifications.

        Example:
            >>> store.headers(trials)[trial]["outcome"]["accuracy"]
        """
        examined = self._examined(specs, content or {}, summary)
        return {spec: header for spec, header in examined.items() if isinstance(header, dict)}

    def missing(self, specs: Iterable[Any], *, content: Mapping[str, Any] | None = None) -> list[Any]:
        """Specifications without a usable record, each once, in order.

        A damaged record is named in one line, set aside under the suffix ``.broken``, and counts as missing. So does a
        stale one, whose file will be replaced. A file that has not changed since it was found whole is not read again.

        Args:
            specs: What is wanted.
            content: Entries that a record's header must agree with, such as the hash of the data.

        Returns:
            What has to be run.
        """
        examined = self._examined(specs, content or {}, None)
        for spec, problem in examined.items():
            if isinstance(problem, StaleRecordError):
                logger.warning("%s: it is run again", problem)
            elif isinstance(problem, ValueError):
                path = self.path(spec)
                aside = path.replace(path.with_suffix(".broken"))
                logger.warning("%s is %s: set aside as %s and run again", path, problem, aside.name)
        return [spec for spec, header in examined.items() if not isinstance(header, dict)]

    def _examined(
        self, specs: Iterable[Any], content: Mapping[str, Any], summary: Summary | None
    ) -> dict[Any, dict[str, Any] | ValueError | None]:
        """Each specification once: the header of its record, what is wrong with that, or None where there is none."""
        drawers: dict[str, dict[str, Any]] = {}
        examined: dict[Any, dict[str, Any] | ValueError | None] = dict.fromkeys(specs)
        for spec in examined:
            drawer, name = self._place(spec)
            drawers.setdefault(drawer, {})[name] = spec
        for drawer, names in drawers.items():
            for name, header in read_headers(self.folder / drawer, names, summary).items():
                spec = names[name]
                examined[spec] = header if isinstance(header, ValueError) else self._fitting(spec, header, content)
        return examined

    def _fitting(
        self, spec: Any, header: dict[str, Any], content: Mapping[str, Any]
    ) -> dict[str, Any] | StaleRecordError:
        changed = _changed(spec, header, content)
        return header if not changed else StaleRecordError(f"{self.path(spec)} was made under another {changed}")

    def _failure_path(self, spec: Any) -> Path:
        path = self.path(spec)
        return path.parent / FAILURES / f"{path.stem}.json"


def _changed(spec: Any, record: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    """What a record was made under another of, in words."""
    kept = record["specification"].items()
    other = [name for name, value in kept if (here := getattr(spec, name, value)) != value and _as_json(here) != value]
    return ", ".join([*sorted(other), *(name for name, value in content.items() if record.get(name) != value)])


def _as_json(value: Any) -> Any:
    """As it comes back from a file."""
    return [_as_json(each) for each in value] if isinstance(value, list | tuple) else value
