"""Points gained per doubling, from the table of a learning curve; what is no gain from data is said."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.scaling import Doubling, points_per_doubling
from analysis.studies.measures import LEVEL, Measure, repeats
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
