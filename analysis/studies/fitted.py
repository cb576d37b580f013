"""Laws fitted to the learning curves of a preset."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.scaling import Fit, NotIdentifiableWarning, fit
from analysis.studies.doublings import gain, observations
from analysis.studies.measures import Measure, repeats, table
from analysis.studies.preset import Preset
from analysis.studies.study import Records

FEWEST_SIZES = 4  # below, no law is fitted


@dataclass(frozen=True, eq=False)
class FittedCurve:
    """A learning curve, as errors, and its law.

    Attributes:
        measure: What was measured, of which network.
        sizes: Numbers of training images, shape ``(sizes,)``.
        errors: One minus the measure, shape ``(sizes, seeds)``; nan where training diverged.
        fit: None where there are too few sizes for any law, or where no seed is whole.
        per_doubling: Accuracy gained per doubling and its interval: estimate, low, high.
    """

    measure: Measure
    sizes: NDArray[np.float64]
    errors: NDArray[np.float64]
    fit: Fit | None
    per_doubling: tuple[float, float, float]

    @property
    def status(self) -> str:
        """That of the fit."""
        if self.fit is not None:
            return self.fit.status
        return f"not identifiable: {len(self.sizes)} sizes or none whole, {FEWEST_SIZES} are needed"

    @property
    def identified(self) -> Fit | None:
        """The fit, where it has numbers."""
        return self.fit if self.fit is not None and self.fit.form is not None else None


def fitted_curves(
    preset: Preset, records: Records, drawn: Sequence[Measure], law: str = "auto", resamples: int = 200
) -> list[FittedCurve]:
    """Fit a law to each measure against size, over the seeds whose trainings all succeeded.

    Args:
        preset: The grid.
        records: Of the trials of ``data_scaling``.
        drawn: The measures.
        law: As for ``scaling.fit``.
        resamples: As for ``scaling.fit``.

    Returns:
        One curve per measure.
    """
    points = [(str(size or "all"), {"size": size}) for size in preset.sizes]
    rows = table(preset, records, points, drawn)
    examples = {
        measure.model.classifier: _examples(records, preset.trial(measure.model, preset.seeds[0])) for measure in drawn
    }
    return [_fitted(measure, rows, examples[measure.model.classifier], law, resamples) for measure in drawn]


def _examples(records: Records, trial: Any) -> int:
    return int(records[trial]["outcome"]["examples"])


def _fitted(measure: Measure, rows: pd.DataFrame, examples: int, law: str, resamples: int) -> FittedCurve:
    sizes, values, seeds = observations(measure, rows)
    gained = gain(measure, rows)
    doubling = (gained.slope, *gained.interval) if gained else (np.nan, np.nan, np.nan)
    found = None
    if len(np.unique(sizes)) >= FEWEST_SIZES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotIdentifiableWarning)  # the status says so in the table
            found = fit(sizes, 1 - values, law, seeds, test_images=examples, resamples=resamples)
    everything = rows["size"].unique().astype(float)
    return FittedCurve(measure, everything, 1 - repeats(rows, measure), found, doubling)
