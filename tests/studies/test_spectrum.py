"""The spectrum that is drawn is the recorded one, and so are the images."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.studies.preset import Preset
from analysis.studies.presets import PRESETS
from analysis.studies.spectrum import STUDY
from analysis.studies.study import Drawing, Study

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
Drawn = Callable[[Study, Preset], Drawing]

pytestmark = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


def test_head_and_tail_are_bands_of_the_preset(preset: Preset) -> None:
    (spec,) = STUDY.trials(preset)
    assert spec.head in preset.bands
    assert spec.tail in preset.bands
    assert spec.head[0][0] == 0
    assert spec.tail[0][1] is None
    assert spec.tail[0][0] >= spec.head[0][1]


def test_the_table_holds_the_variances(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    records = invent(STUDY, preset)
    variances = next(iter(records.values()))["arrays"]["variances"]
    rows = drawn(STUDY, preset).tables[""]
    np.testing.assert_array_equal(rows["variance"], variances)
    np.testing.assert_array_equal(rows["component"], np.arange(len(variances)))
    shares = [variances[first:].sum() / variances.sum() for first in range(len(variances))]
    np.testing.assert_allclose(rows["share_from_here"], shares, rtol=1e-12)


def test_the_curves_are_the_table(preset: Preset, drawn: Drawn) -> None:
    drawing = drawn(STUDY, preset)
    rows, axes = drawing.tables[""], drawing.figure.axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), rows[["component", "variance"]])
    np.testing.assert_array_equal(axes.lines[1].get_xydata(), rows[["component", "share_from_here"]])
    assert axes.get_yscale() == "log"


def test_images_are_shown_beside_their_projections(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    records = invent(STUDY, preset)
    (spec,), arrays = STUDY.trials(preset), next(iter(records.values()))["arrays"]
    figure = drawn(STUDY, preset).figure
    pixels = np.array([axes.images[0].get_array() for axes in figure.axes[1:]])[..., None]
    rows = pixels.reshape(4, spec.shown, *arrays["images"].shape[1:])
    np.testing.assert_array_equal(rows[0], arrays["images"] / 255)
    np.testing.assert_array_equal(rows[1], arrays["head"].clip(0, 1))
    np.testing.assert_array_equal(rows[2], arrays["tail"].clip(0, 1))


def test_the_caption_names_data_and_directions(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    caption = drawn(STUDY, preset).caption
    (record,) = invent(STUDY, preset).values()
    assert preset.dataset in caption
    assert f" {record['outcome']['directions']:,} directions" in caption
    assert "seed" in caption
