"""Images cut into bands of principal directions.

Question: what does each band of principal directions add to an image?

Run:    python -m analysis run slices --preset mnist
Draw:   python -m analysis draw slices --preset mnist
Cost:   seconds; 20 on cifar10-jpeg.
Expect: figures/mnist/slices.csv; strokes in the first bands, and noise to the eye in the last.
"""

import base64
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.plots import image_grid, new_figure
from analysis.studies.captions import band
from analysis.studies.preset import Preset
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Slices, put_together

ENDS = (4, 16, 64, 256, 1024)  # between bands; those in the directions that the data has
ARRAYS = ("variances", "mean", "images", "coordinates", "directions", "scales", "rests", "rest_scales")


def trials(preset: Preset) -> list[Slices]:
    """The record of one data set.

    Args:
        preset: Names it.

    Returns:
        The specification.
    """
    return [Slices(dataset=preset.dataset)]


def draw(preset: Preset, records: Records) -> Drawing:
    """Test images above, and below what each band holds of them.

    Args:
        preset: The grid.
        records: Of its specification.

    Returns:
        The figure, the table of the bands, and the slices for the page.
    """
    (spec,) = trials(preset)
    arrays, outcome = records[spec]["arrays"], records[spec]["outcome"]
    rows = table(arrays)
    shown = {"image": arrays["images"] / 255}
    for first, last, share, norm in rows.itertuples(index=False, name=None):
        part = put_together(arrays, first, last) - arrays["mean"]
        grey = 0.5 + part / (2 * max(float(np.percentile(np.abs(part), 99.5)), 1e-12))
        shown[f"directions {band(((first, last),))}\n{100 * share:.2g} % of the variance\nnorm {norm:.2g}"] = grey
    figure = new_figure(7.4, 0.82 * len(shown) + 0.4)
    image_grid(figure, shown)
    figure.suptitle(f"{STUDY.title}: {preset.dataset}", fontsize=10.5)
    caption = (
        f"Data set: {preset.dataset}; no seed enters. Test images, one per class in turn, and their parts along the "
        f"principal directions of the training set, without the mean image; an image is the sum of its parts, the mean "
        f"and what lies in the {outcome['null_dimension']:,} directions along which training images do not vary. The "
        f"contrast of each row is stretched around grey to its 99.5th percentile. Norm: root mean square over training "
        f"images, l2, pixels in [0, 1]. Directions are rounded to bytes."
    )
    return Drawing(figure, {"": rows}, caption, explored=partial(_for_page, preset, arrays, outcome))


def table(arrays: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    """What the bands of the figure hold.

    Args:
        arrays: Of the record.

    Returns:
        Columns ``first``, ``last``, ``variance_share``, ``norm``.
    """
    variances = arrays["variances"]
    ends = [0, *(end for end in ENDS if end < len(variances) and _cut(arrays, end)), len(variances)]
    return pd.DataFrame(
        [
            {
                "first": first,
                "last": last,
                "variance_share": variances[first:last].sum() / variances.sum(),
                "norm": float(np.sqrt(variances[first:last].sum())),
            }
            for first, last in pairwise(ends)
        ]
    )


def _cut(arrays: Mapping[str, NDArray[Any]], end: int) -> bool:
    return end <= len(arrays["directions"]) or end in arrays["cuts"].tolist()


def _for_page(preset: Preset, arrays: Mapping[str, NDArray[Any]], outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Every array as its bytes, little-endian, in base64."""
    packed = {
        name: {
            "type": arrays[name].dtype.name,
            "shape": list(arrays[name].shape),
            "bytes": base64.b64encode(_little(arrays[name]).tobytes()).decode("ascii"),
        }
        for name in ARRAYS
    }
    known = {"dataset": preset.dataset, "radius": preset.radius, "null_dimension": outcome["null_dimension"]}
    return known | {"cuts": arrays["cuts"].tolist(), "arrays": packed}


def _little(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))


STUDY = Study(
    name="slices",
    title="Images in bands of principal directions",
    question="What does each band of principal directions add to an image?",
    trials=trials,
    draw=draw,
    tuned=False,
)
