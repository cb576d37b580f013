"""What figures of learning curves share: points gained per doubling, labels, and whose budget ends before the data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from analysis.plots import tidy
from analysis.scaling import Doubling, points_per_doubling
from analysis.studies.measures import LEVEL, Measure, repeats
from analysis.studies.preset import Preset
from analysis.trials import Trial

Array = NDArray[np.float64]


def observations(measure: Measure, rows: pd.DataFrame) -> tuple[Array, Array, NDArray[np.int64]]:
    """Sizes, values and seeds of the seeds whose trainings all succeeded.

    Args:
        measure: Which.
        rows: From :func:`analysis.studies.measures.table`, the points being sizes.

    Returns:
        Three arrays, one entry per size and whole seed.
    """
    sizes = rows["size"].unique().astype(float)
    values = repeats(rows, measure)
    whole = np.flatnonzero(np.isfinite(values).all(axis=0))
    return np.tile(sizes, len(whole)), values[:, whole].T.ravel(), np.repeat(whole, len(sizes))


def gain(measure: Measure, rows: pd.DataFrame) -> Doubling | None:
    """What a doubling of the data is worth over all sizes of a table.

    Args:
        measure: Which.
        rows: As for :func:`observations`.

    Returns:
        Slope and interval; None where no seed is whole.
    """
    found = observations(measure, rows)
    return points_per_doubling(*found, level=LEVEL) if len(found[0]) else None


def decorate(panels: NDArray[Any], preset: Preset) -> None:
    """Label learning curves above and points per doubling below; accuracy left, certified accuracy right.

    Args:
        panels: Axes, shape ``(2, 2)``.
        preset: Names the radius.
    """
    (accurate, certified), below = panels
    accurate.set(ylabel="share of test images", title="accuracy")
    accurate.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    certified.set(title=f"certified accuracy at l2 radius {preset.radius:.3g}")
    below[0].set(ylabel="points gained\nper doubling")
    for axes in below:
        axes.axhline(0, color="#222222", linewidth=0.8)
    for axes in panels.flat:
        tidy(axes)


def budget(models: Sequence[Trial], largest: float) -> str:
    """Whose training is too short to see the largest set once, so that its curve says nothing about data there.

    Args:
        models: The networks.
        largest: Number of images.

    Returns:
        A sentence for a caption, or nothing.
    """
    visits = {trial.classifier: trial.total_steps * trial.batch_size for trial in models}
    short = [f"{model} sees {count:,} images in all" for model, count in visits.items() if count < largest]
    return f" {'; '.join(short)}: beyond that its budget is the limit, not the data." if short else ""
