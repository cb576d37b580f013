"""The figure of the function N: tables are the records', and proven distances stand where they hold."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from analysis.runner import Store
from analysis.studies.n_function import DEPTHS, MEASURES, STUDY, SWEPT, TOY, WIDTHS, swept, toy
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS
from analysis.studies.study import Drawing, Study
from analysis.theory import NFunction
from analysis.trials import Fit

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
STORE = Store(Path(__file__).resolve().parents[2] / "data" / "results" / Fit.dataset)
RESOLUTION = 2.6e-4  # what is seen of a network that is N


@pytest.fixture(scope="module")
def records(invent: Invent) -> dict[Fit, dict[str, Any]]:
    return invent(STUDY, DIGITS)


@pytest.fixture(scope="module")
def drawing(records: dict[Fit, dict[str, Any]]) -> Drawing:
    return STUDY.draw(DIGITS, records)


@pytest.fixture(scope="module")
def kept() -> dict[Fit, dict[str, Any]]:
    """The records that are kept with the code."""
    specs = STUDY.trials(DIGITS)
    missing = [spec for spec in specs if spec not in STORE]
    if missing:
        pytest.skip(f"{len(missing)} of {len(specs)} records of N have not been made yet")
    return {spec: STORE[spec] for spec in specs}


def panel(drawing: Drawing, title: str) -> Axes:
    (axes,) = (axes for axes in drawing.figure.axes if title in axes.get_title())
    return axes


def test_the_grid_is_as_wide_as_asked_for() -> None:
    assert (min(WIDTHS), max(WIDTHS), DEPTHS) == (2, 40, (1, 2, 3, 4))
    assert all(spec.restarts >= 20 for spec in STUDY.trials(DIGITS))
    assert {"MaxMin", "Abs", "N-near"} <= set(TOY)


def test_distances_are_the_records_and_drawn_as_tabled(drawing: Drawing, records: dict[Fit, dict[str, Any]]) -> None:
    rows = drawing.tables[""]
    assert len(rows) == len(DEPTHS) * sum(map(len, SWEPT.values()))
    for row in rows.itertuples():
        record = records[swept(row.activation, row.width, row.depth)]
        assert (row.distance, row.certified) == (record["arrays"]["low"].min(), record["outcome"]["certified"])
        assert row.median == np.median(record["arrays"]["low"])
    *curves, folds, layer = panel(drawing, "Best of 20 restarts").lines
    parts = [part for _, part in rows.groupby(["activation", "depth"])]
    for curve, part in zip(curves, parts, strict=True):
        assert curve.get_xdata().tolist() == list(SWEPT[part["activation"].iloc[0]])
        assert curve.get_ydata().tolist() == part["certified"].tolist()
    assert folds.get_ydata()[0] == pytest.approx(5 / 7, abs=1e-4)
    assert layer.get_ydata()[0] == 5 / 9


def test_proven_distances_are_the_theory_s(drawing: Drawing) -> None:
    rows = drawing.tables["_exact"].set_index("class")
    assert (rows["low"] <= rows["high"]).all()
    assert tuple(rows.loc["at most two one-dimensional folds"]) == NFunction().fold_distance()
    assert rows.loc["affine", "low"] == 5 / 7
    assert rows.loc["one activation, any width", "high"] == 5 / 9


def test_the_toy_s_errors_are_the_records(drawing: Drawing, records: dict[Fit, dict[str, Any]]) -> None:
    rows = drawing.tables["_toy"].set_index(["activation", "measure"])
    assert len(rows) == len(TOY) * len(MEASURES)
    for (activation, measure), row in rows.iterrows():
        (array,) = (array for array, name in MEASURES.items() if name == measure)
        values = records[toy(activation)]["arrays"][array]
        assert (row["mean"], row["median"]) == (pytest.approx(values.mean()), np.median(values))
        assert row["smallest"] <= row["median"] <= row["largest"]
        assert row["low"] <= row["mean"] <= row["high"]
        drawn = [
            line.get_ydata() for line in panel(drawing, f"experiment: {measure}").lines if len(line.get_ydata()) > 1
        ]
        assert any(np.array_equal(seeds, values) for seeds in drawn)


def test_curves_are_the_nearest_of_their_record(drawing: Drawing, records: dict[Fit, dict[str, Any]]) -> None:
    curves = drawing.tables["_curves"]
    np.testing.assert_allclose(curves["N"], NFunction()(curves["x"]))
    assert np.abs(curves["affine"] - curves["N"]).max() == pytest.approx(5 / 7)
    for depth in DEPTHS:
        expected = records[swept("MaxMin", WIDTHS[-1], depth)]["arrays"]["curve"]
        assert curves[f"MaxMin_depth_{depth}"].to_numpy() == pytest.approx(expected)
    for line, activation in zip(panel(drawing, "the nearest of all seeds").lines, TOY, strict=True):
        np.testing.assert_allclose(line.get_ydata(), curves[f"toy_{activation}"] - curves["N"])


def test_the_caption_says_what_is_a_bound_and_what_is_proven(
    drawing: Drawing, records: dict[Fit, dict[str, Any]]
) -> None:
    best = min(records[swept("MaxMin", width, 1)]["outcome"]["certified"] for width in WIDTHS)
    for phrase in (
        "best found, so an upper bound",
        "certified between",
        "best of 20 restarts",
        "20 seeds",
        "Student's t",
        "by enumeration",
        f"came as near as {best:.2g},",
    ):
        assert phrase in drawing.caption


def test_nearer_restarts_change_the_figure(records: dict[Fit, dict[str, Any]]) -> None:
    spec = swept("MaxMin", 8, 2)
    changed = records[spec] | {"outcome": records[spec]["outcome"] | {"certified": 1e-4, "distance": 5e-5}}
    rows = STUDY.draw(DIGITS, records | {spec: changed}).tables[""].set_index(["activation", "width", "depth"])
    assert rows.loc[("MaxMin", 8, 2), "certified"] == 1e-4
    assert replace(spec) in STUDY.trials(DIGITS)


def test_kept_records_agree_with_what_is_proven(kept: dict[Fit, dict[str, Any]]) -> None:
    """One layer of MaxMin is no nearer than 5/9, and comes there from width 4 on; no network of two slopes is N."""
    for spec, record in kept.items():
        assert record["outcome"]["lipschitz"] <= 1 + 1e-9
        nearest = NFunction().one_layer_distance() if spec.depth == 1 and spec.activation == "MaxMin" else 0
        assert (record["arrays"]["high"] >= nearest).all()
        if spec.activation in ("MaxMin", "Abs"):
            assert record["outcome"]["distance"] > RESOLUTION
    wide = [kept[swept("MaxMin", width, 1)]["outcome"]["distance"] for width in WIDTHS if width >= 4]
    assert max(wide) <= 5 / 9 + 0.01


def test_kept_records_show_that_depth_brings_maxmin_near_and_n_is_represented(
    kept: dict[Fit, dict[str, Any]],
) -> None:
    best = [min(kept[swept("MaxMin", width, depth)]["outcome"]["certified"] for width in WIDTHS) for depth in DEPTHS]
    assert all(deeper < shallower / 2 for shallower, deeper in pairwise(best))
    assert min(kept[swept("N-near", width, 1)]["outcome"]["certified"] for width in SWEPT["N-near"]) < 5e-3
    toys = {name: kept[toy(name)]["arrays"]["mse"].mean() for name in TOY}
    assert toys["N-near"] < min(toys["MaxMin"], toys["Abs"])  # the order of the published toy experiment
