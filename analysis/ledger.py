"""What has become of a study's trials: how many are done, and one table of them."""

import dataclasses
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.runner import Summary, identity

if TYPE_CHECKING:
    import pandas as pd

NAMES = {
    "size": "training_images",
    "examples": "measured_images",
    "lipschitz": "lipschitz_bound",
    "diverged": "diverged_step",
    "training": "training_seconds",
    "evaluation": "evaluation_seconds",
    "memory": "training_step_bytes",
    "inference": "inference_seconds_per_image",
}  # of what a record holds, where a table's reader would choose another one
DTYPES: Mapping[frozenset[type], str] = {
    frozenset({int}): "Int64",
    frozenset({float}): "Float64",
    frozenset({int, float}): "Float64",
    frozenset({bool}): "boolean",
    frozenset({str}): "string",
}  # which keep whole numbers whole where some are missing
Headers = Mapping[Any, Mapping[str, Any]]


@dataclass(frozen=True)
class Status:
    """How far a study is.

    Attributes:
        total: Number of its trials.
        done: Those with a usable record.
        failed: Those without one whose last run failed: a few words for each, and the error.
        seconds: Spent on those that are done, on all workers together.
        diverged: Those of the done ones whose training diverged.
    """

    total: int
    done: int
    failed: tuple[tuple[str, str], ...]
    seconds: float
    diverged: int

    def lines(self) -> list[str]:
        """Put it into words, one thing a line."""
        missing = self.total - self.done - len(self.failed)
        counts = f"{self.done} of {self.total} trials are done, {missing} are missing, {len(self.failed)} failed"
        diverged = f"; {self.diverged} of the done ones diverged" if self.diverged else ""
        spent = [f"time spent on those done: {duration(self.seconds)}"] if self.done else []
        return [counts + diverged, *spent, *(f"failed: {label}: {error}" for label, error in self.failed)]


def status(specs: Sequence[Any], headers: Headers, failures: Headers) -> Status:
    """Count a study's trials.

    Args:
        specs: All of them.
        headers: Of the usable records.
        failures: Of those whose last run failed.

    Returns:
        The counts.

    Example:
        >>> status(trials, store.headers(trials), store.failures(trials)).lines()
    """
    failed = {spec: failure for spec, failure in failures.items() if spec not in headers}
    return Status(
        total=len(set(specs)),
        done=len(headers),
        failed=tuple((str(getattr(spec, "label", spec)), str(failure["error"])) for spec, failure in failed.items()),
        seconds=sum(_seconds(header.get("provenance", {})) for header in headers.values()),
        diverged=sum(header["outcome"].get("diverged") is not None for header in headers.values()),
    )


def duration(seconds: float) -> str:
    """Write a time as people say it.

    Args:
        seconds: The time.

    Returns:
        Such as ``2 h 05 min``.
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{seconds:.2g} s" if seconds < 10 else f"{rest} s"


def certified_at(radii: Iterable[float]) -> Summary:
    """Make the summary that holds certified accuracies.

    Args:
        radii: L2 radii, pixels in [0, 1].

    Returns:
        From a record to the share of its examples that are certified beyond each radius, None without certificates.

    Example:
        >>> store.headers(trials, summary=certified_at([0.5]))[trial]["summary"]
        {'certified_accuracy_0.5': 0.816}
    """
    named = {f"certified_accuracy_{radius:.4g}": radius for radius in sorted(radii)}

    def of(record: Mapping[str, Any]) -> dict[str, float | None]:
        found = record["arrays"].get("radii")
        if found is None:
            return dict.fromkeys(named)
        return {name: np.count_nonzero(found > radius) / found.size for name, radius in named.items()}

    return Summary(json.dumps(named), of)


def table(headers: Headers) -> "pd.DataFrame":
    """Make one tidy table.

    Args:
        headers: By specification; a ``"summary"`` becomes columns too.

    Returns:
        A row per trial: the name of its record, its fields, what was measured, and where it comes from.

    Example:
        >>> table(store.headers(trials, summary=certified_at([0.5])))["certified_accuracy_0.5"].mean()
    """
    import pandas as pd

    rows = [_row(spec, header) for spec, header in headers.items()]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return pd.DataFrame({name: pd.Series(values, dtype=_dtype(values)) for name, values in columns.items()})


def encoded(rows: "pd.DataFrame", kind: str) -> bytes:
    """Put a table into the bytes of a file.

    Args:
        rows: From :func:`table`.
        kind: ``csv``, ``json`` (a list of rows) or ``parquet``.

    Returns:
        The content.
    """
    if kind == "parquet":
        buffer = io.BytesIO()
        rows.to_parquet(buffer, index=False)
        return buffer.getvalue()
    text = rows.to_csv(index=False, lineterminator="\n") if kind == "csv" else _as_json(rows)
    return text.encode()


def origins(records: Headers) -> str:
    """Commits and hardware of records, for a caption.

    Args:
        records: Or their headers.

    Returns:
        A sentence; nothing where there are no records.
    """
    found = [record["provenance"] for record in records.values()]
    if not found:
        return ""
    commits = ", ".join(sorted({str(each["commit"] or f"version {each['package']}") for each in found}))
    devices = ", ".join(sorted({each["device"] for each in found}))
    return f"Records: {commits}; {devices}."


def _as_json(rows: "pd.DataFrame") -> str:
    """By the standard library, which writes every digit that a number has."""
    plain = rows.astype(object).where(rows.notna(), None)
    return json.dumps(plain.to_dict(orient="records"), indent=1) + "\n"


def _row(spec: Any, header: Mapping[str, Any]) -> dict[str, Any]:
    kind: Any = type(spec)
    fields = {name: getattr(spec, name) for name in _names(kind)}
    for name in ("components", "head", "tail"):
        if fields.get(name) is not None:
            fields[name] = ",".join(f"{first}-{'' if last is None else last}" for first, last in fields[name])
    if "looks" in fields:
        fields["looks"] = ",".join(map(str, fields["looks"])) or None
    measured = header["outcome"] | (header.get("summary") or {})
    origin = {"data_hash": header.get("data")} | header.get("provenance", {})
    found = {NAMES.get(name, name): value for name, value in (measured | origin).items()}
    return {"record": identity(spec)} | fields | {name: _flat(value) for name, value in found.items()}


@lru_cache
def _names(kind: type) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value


def _dtype(values: Sequence[Any]) -> str:
    return DTYPES.get(frozenset(map(type, values)) - {type(None)}, "object")


def _seconds(provenance: Mapping[str, Any]) -> float:
    return sum(float(provenance.get(name) or 0) for name in ("training", "evaluation", "seconds"))
