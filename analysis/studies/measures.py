"""Measures of a trial, by name, from its record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.plots import COLORS
from analysis.scaling import Estimate, estimate
from analysis.studies.captions import left_out
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


def measures(preset: Preset) -> tuple[Measure, ...]:
    """Accuracy of both networks, and certified accuracy of the robust one at the preset's radius.

    Args:
        preset: Names the networks and the radius.

    Returns:
        The three measures, in the order in which they are drawn.
    """
    standard, robust = preset.models
    return (
        accurate(standard, COLORS["standard"]),
        accurate(robust, COLORS["robust"]),
        certified(robust, preset.radius, COLORS["certified"]),
    )


def scaled_measures(preset: Preset) -> tuple[Measure, ...]:
    """Measures of the networks whose gain from data is measured: those above, the smoothed one's, and the others'.

    Args:
        preset: Names the networks and the radius.

    Returns:
        Accuracy of each, and certified accuracy of all but the standard one, in the order in which they are drawn.
    """
    drawn = measures(preset)
    if preset.smoothed is not None:
        drawn += _both(preset, preset.smoothed, "smoothed", "certified by noise")
    for model in preset.others:
        drawn += _both(preset, model, "other", "other certified")
    return drawn


def _both(preset: Preset, model: Trial, accurate_color: str, certified_color: str) -> tuple[Measure, ...]:
    return accurate(model, COLORS[accurate_color]), certified(model, preset.radius, COLORS[certified_color])


def judged(preset: Preset, model: Trial) -> Measure:
    """What a network is trained for: certified accuracy where it has certificates, else accuracy.

    Args:
        preset: Names the radius.
        model: One of ``preset.searched``.

    Returns:
        The measure.
    """
    if model.classifier == preset.standard.classifier:
        return accurate(model, COLORS["standard"])
    return certified(model, preset.radius, COLORS["certified by noise" if model.noise else "certified"])


def accurate(model: Trial, color: str) -> Measure:
    """Accuracy of a network.

    Args:
        model: Its trial of a preset.
        color: In figures.

    Returns:
        The measure.
    """
    return Measure("accuracy", f"{model.classifier}: accuracy", color, model, accuracy)


def certified(model: Trial, radius: float, color: str) -> Measure:
    """Certified accuracy of a network.

    Args:
        model: Its trial of a preset.
        radius: L2 radius, pixels in [0, 1].
        color: In figures.

    Returns:
        The measure.
    """
    label = f"{model.classifier}: certified at {radius:.3g}"
    return Measure(
        f"certified accuracy at {radius:g}", label, color, model, lambda record: certified_accuracy(record, radius)
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
        record: Of a trial of a 1-Lipschitz or a smoothed network.
        radius: L2 radius, pixels in [0, 1].

    Returns:
        A fraction.
    """
    if "radii" not in record["arrays"]:
        return float("nan")
    return float((record["arrays"]["radii"] > radius).mean())


def table(
    preset: Preset,
    records: Records,
    points: Sequence[tuple[Any, Mapping[str, Any]]],
    drawn: Sequence[Measure] | None = None,
) -> pd.DataFrame:
    """Every measure at every point and seed, one row each.

    Args:
        preset: Names the seeds, and the measures where none are given.
        records: Of the trials.
        points: Name of each point of the figure, and what ``Preset.trial`` needs to find its trials.
        drawn: The measures; those of :func:`measures` if None.

    Returns:
        Columns ``model``, ``measure``, ``point``, ``size``, ``variance_share``, ``seed``, ``value``.
    """
    rows = []
    for measure in drawn or measures(preset):
        for point, options in points:
            for seed in preset.seeds:
                record = records[preset.trial(measure.model, seed, **options)]
                outcome = record["outcome"]
                rows.append(
                    {
                        "model": measure.model.classifier,
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
    chosen = rows[(rows["model"] == measure.model.classifier) & (rows["measure"] == measure.name)]
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
    return left_out(count)
