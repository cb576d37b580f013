"""Measures of a trial, by name, from its record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.plots import COLORS
from analysis.scaling import Estimate, estimate
from analysis.studies.preset import Preset
from analysis.studies.study import Records
from analysis.trials import Trial

LEVEL = 0.9  # of all intervals
INTERVALS = "Intervals: 90 %, Student's t over seeds (subset, initial weights, order); all share one test set."


@dataclass(frozen=True)
class Measure:
    """One number per trial.

    Attributes:
        name: In tables.
        label: In legends.
        color: In figures.
        model: The trial of a preset that it is measured on.
        value: From a record to the number; nan where training diverged.
    """

    name: str
    label: str
    color: str
    model: Trial
    value: Callable[[Mapping[str, Any]], float]


def measures(preset: Preset) -> tuple[Measure, Measure, Measure]:
    """Accuracy of both networks, and certified accuracy of the robust one at the preset's radius.

    Args:
        preset: Names the networks and the radius.

    Returns:
        The three measures, in the order in which they are drawn.
    """
    standard, robust = preset.models
    radius = preset.radius
    return (
        Measure("accuracy", f"{standard.model}: accuracy", COLORS["standard"], standard, accuracy),
        Measure("accuracy", f"{robust.model}: accuracy", COLORS["robust"], robust, accuracy),
        Measure(
            f"certified accuracy at {radius:g}",
            f"{robust.model}: certified at {radius:g}",
            COLORS["certified"],
            robust,
            lambda record: certified_accuracy(record, radius),
        ),
    )


def accuracy(record: Mapping[str, Any]) -> float:
    """Share of examples classified correctly; nan where training diverged.

    Args:
        record: Of a trial.

    Returns:
        A fraction.
    """
    value = record["outcome"]["accuracy"]
    return float("nan") if value is None else float(value)


def certified_accuracy(record: Mapping[str, Any], radius: float) -> float:
    """Share of examples certified at a radius: correct, and certified strictly beyond it; nan where training diverged.

    Args:
        record: Of a trial of a 1-Lipschitz network.
        radius: L2 radius, pixels in [0, 1].

    Returns:
        A fraction.
    """
    if "radii" not in record["arrays"]:
        return float("nan")
    return float((record["arrays"]["radii"] > radius).mean())


def table(preset: Preset, records: Records, points: Sequence[tuple[Any, Mapping[str, Any]]]) -> pd.DataFrame:
    """Every measure at every point and seed, one row each.

    Args:
        preset: Names the networks, the seeds and the radius.
        records: Of the trials.
        points: Name of each point of the figure, and what ``Preset.trial`` needs to find its trials.

    Returns:
        Columns ``model``, ``measure``, ``point``, ``size``, ``variance_share``, ``seed``, ``value``.
    """
    rows = []
    for measure in measures(preset):
        for point, options in points:
            for seed in preset.seeds:
                record = records[preset.trial(measure.model, seed, **options)]
                outcome = record["outcome"]
                rows.append(
                    {
                        "model": measure.model.model,
                        "measure": measure.name,
                        "point": point,
                        "size": outcome["size"],
                        "variance_share": outcome["variance_share"],
                        "seed": seed,
                        "value": measure.value(record),
                    }
                )
    return pd.DataFrame(rows)


def repeats(rows: pd.DataFrame, measure: Measure) -> NDArray[np.float64]:
    """Values of one measure.

    Args:
        rows: From :func:`table`.
        measure: Which.

    Returns:
        Shape ``(points, seeds)``, points in the order of the table.
    """
    chosen = rows[(rows["model"] == measure.model.model) & (rows["measure"] == measure.name)]
    wide = chosen.pivot_table("value", "point", "seed", dropna=False, sort=False, observed=False)
    return wide.to_numpy(dtype=np.float64)


def summary(rows: pd.DataFrame, measure: Measure) -> Estimate:
    """Means over seeds and their intervals, cut to [0, 1].

    Args:
        rows: From :func:`table`.
        measure: Which.

    Returns:
        One mean and interval per point.
    """
    return estimate(repeats(rows, measure), level=LEVEL, bounds=(0.0, 1.0))


def diverged(rows: pd.DataFrame) -> str:
    """Count of trainings that diverged, for a caption; empty where none did.

    Args:
        rows: From :func:`table`.

    Returns:
        A sentence, or nothing.
    """
    count = len(rows[rows["value"].isna()].drop_duplicates(["model", "point", "seed"]))
    return f" {count} training{'s' if count > 1 else ''} diverged and are left out." if count else ""
