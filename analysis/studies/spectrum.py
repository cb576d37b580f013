"""Variance of every principal direction, and what the first and last ones look like.

Question: how little variance do the last principal directions hold, and what do images look like in them?

Run:    python -m analysis run spectrum --preset mnist
Draw:   python -m analysis draw spectrum --preset mnist
Cost:   seconds.
Expect: digits 61 directions and 3 without variance; MNIST 712 and 72.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.plots import COLORS, image_grid, new_figure, tidy
from analysis.studies.captions import band
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Components, Spectrum


def trials(preset: Preset) -> list[Spectrum]:
    """One decomposition: the head is the preset's first band, the tail its last single one.

    Args:
        preset: The grid.

    Returns:
        The specification.
    """
    single = [components for components in preset.bands if components is not None and len(components) == 1]
    return [Spectrum(dataset=preset.dataset, head=single[0], tail=single[-1])]


def draw(preset: Preset, records: Records) -> Drawing:
    """Spectrum on the left, images and their projections on the right.

    Args:
        preset: The grid.
        records: Of its specification.

    Returns:
        The figure and its table.
    """
    (spec,) = trials(preset)
    record = records[spec]
    outcome, arrays = record["outcome"], record["arrays"]
    rows = table(arrays["variances"])
    figure = new_figure(10, 4)
    grid = figure.add_gridspec(1, 2, width_ratios=(1, 1.25))
    left, right = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    _plot_spectrum(left.subplots(), rows, outcome, preset.dataset)
    image_grid(right, _rows(spec, arrays))
    caption = (
        f"Data set: {preset.dataset}, {outcome['images']:,} training images of {outcome['features']:,} values; no "
        f"seed enters the spectrum. Variances divide by n, pixels in [0, 1]. {outcome['directions']:,} directions of "
        f"non-zero variance; along the other {outcome['null_dimension']:,} (shaded) the images do not vary. "
        f"Right: test images, "
        f"one per class in turn, and their projections, brightness cut to [0, 1]; the contrast of the bottom row is "
        f"stretched, around grey, to its 99th percentile."
    )
    return Drawing(figure, {"": rows}, caption)


def table(variances: np.ndarray) -> pd.DataFrame:
    """Variance of every direction, and the share of all variance that it and the later ones hold.

    Args:
        variances: Falling, shape ``(directions,)``.

    Returns:
        Columns ``component``, ``variance``, ``share_from_here``.
    """
    rows = pd.DataFrame({"component": np.arange(len(variances)), "variance": variances})
    rows["share_from_here"] = rows["variance"][::-1].cumsum()[::-1] / rows["variance"].sum()
    return rows


def _plot_spectrum(axes: Axes, rows: pd.DataFrame, outcome: Mapping[str, Any], dataset: str) -> None:
    axes.semilogy(rows["component"], rows["variance"], color=COLORS["certified"], label="variance of the direction")
    axes.semilogy(
        rows["component"], rows["share_from_here"], "--", color=COLORS["share"], label="share of variance from it on"
    )
    if outcome["null_dimension"]:
        axes.axvspan(outcome["directions"] - 0.5, outcome["features"] - 0.5, color="#DDDDDD", label="no variance")
    axes.set(xlabel="principal direction", title=f"{STUDY.title}: {dataset}")
    axes.legend(fontsize=8, loc="lower left")
    tidy(axes)


def _rows(spec: Spectrum, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    differences = arrays["tail"] - arrays["mean"]
    stretched = 0.5 + differences / (2 * np.percentile(np.abs(differences), 99))
    return {
        "image": arrays["images"] / 255,
        f"{_name(spec.head)}": arrays["head"],
        f"{_name(spec.tail)}": arrays["tail"],
        f"{_name(spec.tail)}\nwithout mean,\nstretched": stretched,
    }


def _name(components: Components) -> str:
    return f"directions\n{band(components)}"


STUDY = Study(
    name="spectrum",
    title="Spectrum",
    question="How little variance do the last principal directions hold, and what do images look like in them?",
    trials=trials,
    draw=draw,
    tuned=False,
)
