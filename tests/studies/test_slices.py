"""The parts that are drawn are the recorded ones, and what the page gets is the record."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.studies.preset import Preset
from analysis.studies.presets import PRESETS
from analysis.studies.slices import STUDY
from analysis.studies.study import Drawing, Study

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
Drawn = Callable[[Study, Preset], Drawing]

pytestmark = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


def test_bands_follow_each_other_and_hold_everything(preset: Preset, drawn: Drawn) -> None:
    rows = drawn(STUDY, preset).tables[""]
    assert rows["first"][0] == 0
    assert rows["first"][1:].tolist() == rows["last"][:-1].tolist()
    assert rows["variance_share"].sum() == pytest.approx(1, abs=1e-12)


def test_norms_are_those_of_the_variances(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    (record,) = invent(STUDY, preset).values()
    for first, last, share, norm in drawn(STUDY, preset).tables[""].itertuples(index=False):
        variances = record["arrays"]["variances"]
        assert norm**2 == pytest.approx(variances[first:last].sum(), rel=1e-12)
        assert share == pytest.approx(norm**2 / variances.sum(), rel=1e-12)


def test_a_row_of_images_per_band(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    (record,) = invent(STUDY, preset).values()
    drawing = drawn(STUDY, preset)
    shown = len(record["arrays"]["images"])
    assert len(drawing.figure.axes) == (len(drawing.tables[""]) + 1) * shown
    first = np.array([axes.images[0].get_array() for axes in drawing.figure.axes[:shown]])
    np.testing.assert_array_equal(first[..., None], record["arrays"]["images"] / 255)


def test_the_page_gets_every_array_whole(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    (record,) = invent(STUDY, preset).values()
    compute = drawn(STUDY, preset).explored
    assert compute is not None
    explored = compute()
    assert explored["cuts"] == record["arrays"]["cuts"].tolist()
    for name, packed in explored["arrays"].items():
        array = np.frombuffer(base64.b64decode(packed["bytes"]), packed["type"]).reshape(packed["shape"])
        assert np.array_equal(array, record["arrays"][name])
