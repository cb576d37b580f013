"""What the page is told of bands is what their figures show."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.studies import STUDIES
from analysis.studies.measures import measures, summary
from analysis.studies.preset import Preset
from analysis.studies.presets import PRESETS
from analysis.studies.study import Drawing, Study

Drawn = Callable[[Study, Preset], Drawing]

pytestmark = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


@pytest.mark.parametrize("name", ["subspace_accuracy", "subspace_sweep"])
def test_accuracies_and_intervals_are_the_figure_s(preset: Preset, name: str, drawn: Drawn) -> None:
    drawing = drawn(STUDIES[name], preset)
    assert drawing.explored is not None
    told: Any = drawing.explored()
    at = told["radii"].index(preset.radius)
    found = {
        "standard": [band["standard"]["accuracy"] for band in told["bands"]],
        "robust": [band["robust"]["accuracy"] for band in told["bands"]],
        "certified": [band["robust"]["certified"][at] for band in told["bands"]],
    }
    for measure, values in zip(measures(preset), found.values(), strict=True):
        expected = summary(drawing.tables[""], measure)
        shown = np.stack([expected.mean, expected.low, expected.high], axis=1)
        np.testing.assert_allclose(np.array(values, dtype=float), shown, rtol=1e-12)
    assert told["radii"] == sorted({*preset.radii, preset.radius})
    assert told["seeds"] == len(preset.seeds)
