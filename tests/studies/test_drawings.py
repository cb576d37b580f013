"""Figures show the records: every number of the table is a record's, every drawn point the mean of the table's."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import BarContainer
from numpy.typing import NDArray

from analysis.studies import STUDIES
from analysis.studies.captions import band
from analysis.studies.measures import Measure, measures, scaled_measures, table
from analysis.studies.preset import Preset
from analysis.studies.presets import PRESETS, SMOKE
from analysis.studies.study import Drawing, Records, Study
from analysis.trials import Spectrum, Trial

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
Drawn = Callable[[Study, Preset], Drawing]

POINT = {  # name of a trial's place on the horizontal axis
    "data_scaling": lambda trial: str(trial.size or "all"),
    "subspace_accuracy": lambda trial: band(trial.components),
    "subspace_sweep": lambda trial: trial.components[0][0] if trial.components else 0,
}
every_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
every_measured_study = pytest.mark.parametrize("study", [STUDIES[name] for name in POINT], ids=POINT)
every_trained_study = pytest.mark.parametrize(
    "study", [STUDIES[name] for name in (*POINT, "learning_rate")], ids=[*POINT, "learning_rate"]
)


def trained(study: Study, preset: Preset) -> list[Trial]:
    return [spec for spec in study.trials(preset) if isinstance(spec, Trial)]


def expected_rows(study: Study, preset: Preset, records: Records) -> dict[tuple[Any, ...], tuple[float, ...]]:
    """(model, measure, point, seed) to (value, size, share of variance), straight from the records."""
    rows = {}
    for trial in trained(study, preset):
        outcome, arrays = records[trial]["outcome"], records[trial]["arrays"]
        values = {"accuracy": outcome["accuracy"]}
        if "radii" in arrays:
            values[f"certified accuracy at {preset.radius:g}"] = np.count_nonzero(arrays["radii"] > preset.radius) / 40
        for name, value in values.items():
            key = (trial.classifier, name, POINT[study.name](trial), trial.seed)
            rows[key] = (value, outcome["size"], outcome["variance_share"])
    return rows


def drawn_rows(rows: pd.DataFrame) -> dict[tuple[Any, ...], tuple[float, ...]]:
    keys = rows[["model", "measure", "point", "seed"]].itertuples(index=False, name=None)
    values = rows[["value", "size", "variance_share"]].itertuples(index=False, name=None)
    return dict(zip(keys, values, strict=True))


def drawn_measures(study: Study, preset: Preset) -> tuple[Measure, ...]:
    """Measures in the order in which they are drawn: of learning curves, accuracies on the left come first."""
    if study.name != "data_scaling":
        return measures(preset)
    return tuple(sorted(scaled_measures(preset), key=lambda measure: measure.name != "accuracy"))


def drawn_points(study: Study, drawing: Drawing) -> list[NDArray[np.float64]]:
    """Heights of the measures, in the order in which they are drawn."""
    axes = drawing.figure.axes[0]
    if study.name == "subspace_accuracy":
        bars = [container for container in axes.containers if isinstance(container, BarContainer)]
        return [np.array([bar.get_height() for bar in drawn]) for drawn in bars]
    if study.name == "data_scaling":
        return [np.asarray(line.get_ydata()) for side in drawing.figure.axes[:2] for line in side.lines]
    curves = axes.lines[:-1] if study.name == "subspace_sweep" else axes.lines  # the last is the radius
    return [np.asarray(line.get_ydata()) for line in curves]


@every_preset
@every_measured_study
def test_the_table_holds_the_records_and_nothing_else(
    study: Study, preset: Preset, invent: Invent, drawn: Drawn
) -> None:
    records = invent(study, preset)
    rows = drawn(study, preset).tables[""]
    assert drawn_rows(rows) == expected_rows(study, preset, records)
    certificates = sum("radii" in record["arrays"] for record in records.values())
    assert len(rows) == len(trained(study, preset)) + certificates


@every_preset
@every_measured_study
def test_drawn_points_are_the_means_of_the_table(study: Study, preset: Preset, drawn: Drawn) -> None:
    drawing = drawn(study, preset)
    means = drawing.tables[""].groupby(["model", "measure", "point"], sort=False)["value"].mean()
    for points, measure in zip(drawn_points(study, drawing), drawn_measures(study, preset), strict=True):
        np.testing.assert_allclose(points, means[measure.model.classifier, measure.name], rtol=1e-12)


@every_preset
@every_measured_study
def test_measures_are_named_by_their_network(study: Study, preset: Preset, drawn: Drawn) -> None:
    axes = drawn(study, preset).figure.axes[: 2 if study.name == "data_scaling" else 1]
    labels = [f"{label} {each.get_title()}" for each in axes for label in each.get_legend_handles_labels()[1]]
    for label, measure in zip(labels, drawn_measures(study, preset), strict=True):
        assert label.startswith(measure.model.classifier)
        assert ("certified" in label) == measure.name.startswith("certified")


@every_preset
def test_learning_curves_and_gains_stand_at_their_sizes(preset: Preset, drawn: Drawn) -> None:
    study = STUDIES["data_scaling"]
    drawing = drawn(study, preset)
    sizes = drawing.tables[""]["size"].unique()
    assert all(line.get_xdata().tolist() == sizes.tolist() for side in drawing.figure.axes[:2] for line in side.lines)
    growth = drawing.tables["_growth"]
    curves = len(scaled_measures(preset))
    assert growth["from"].tolist() == [*sizes[:-1]] * curves
    assert growth["to"].tolist() == [*sizes[1:]] * curves


@every_preset
def test_gains_per_doubling_are_drawn_as_tabled(preset: Preset, drawn: Drawn) -> None:
    study = STUDIES["data_scaling"]
    drawing = drawn(study, preset)
    below = drawing.figure.axes[2:]
    marks = [line.get_ydata()[0] for axes in below for line in axes.lines if line.get_marker() == "o"]
    growth = drawing.tables["_growth"]
    np.testing.assert_allclose(marks, 100 * growth["per_doubling"])
    first, second = np.asarray(list(drawn_points(study, drawing)[0][:2]))
    doublings = np.log2(growth["to"][0] / growth["from"][0])
    assert growth["per_doubling"][0] == pytest.approx((second - first) / doublings)
    assert growth["grows"].tolist() == (growth["low"] > 0).tolist()


@every_preset
def test_the_sweep_stands_at_the_norms_of_what_remains(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    study = STUDIES["subspace_sweep"]
    (spectrum,) = (spec for spec in study.trials(preset) if isinstance(spec, Spectrum))
    variances = invent(study, preset)[spectrum]["arrays"]["variances"]
    norms = np.sqrt([variances[first:].sum() for first in preset.firsts])
    drawing = drawn(study, preset)
    *curves, radius = drawing.figure.axes[0].lines
    assert all(line.get_xdata().tolist() == norms.tolist() for line in curves)
    assert list(radius.get_xdata()) == [preset.radius] * 2
    assert drawing.tables[""].drop_duplicates("point")["norm"].tolist() == norms.tolist()


@every_preset
def test_bars_stand_at_their_bands(preset: Preset, drawn: Drawn) -> None:
    study = STUDIES["subspace_accuracy"]
    axes = drawn(study, preset).figure.axes[0]
    names = [label.get_text().split("\n")[0] for label in axes.get_xticklabels()]
    assert names == [band(components) for components in preset.bands]


@every_preset
@every_trained_study
def test_the_caption_names_data_seeds_and_radius(study: Study, preset: Preset, drawn: Drawn) -> None:
    caption = drawn(study, preset).caption
    seeds = preset.search.seeds if study.name == "learning_rate" else preset.seeds
    assert re.search(rf"\b{preset.dataset}\b", caption)
    assert re.search(rf"\b{len(seeds)} seed", caption)
    assert re.search(rf"\bradius {preset.radius:g}\b", caption)


@every_measured_study
def test_the_caption_names_networks_and_learning_rates(study: Study, drawn: Drawn) -> None:
    preset = SMOKE.tuned({model.classifier: 0.5 for model in SMOKE.searched} | {"MLP": 0.07, "AOL-MLP": 0.9})
    caption = drawn(study, preset).caption
    assert re.search(r"\bMLP\b[^;]*learning rate 0\.07\b", caption)
    assert re.search(r"\bAOL-MLP\b[^;]*learning rate 0\.9\b", caption)


@every_measured_study
def test_another_radius_changes_only_the_certified_accuracy(study: Study, invent: Invent, drawn: Drawn) -> None:
    records, wide = invent(study, SMOKE), replace(SMOKE, radius=0.6)
    before, after = drawn(study, SMOKE), study.draw(wide, records)
    rows = after.tables[""]
    assert drawn_rows(rows) == expected_rows(study, wide, records)
    kept = rows["measure"] == "accuracy"
    pd.testing.assert_frame_equal(rows[kept], before.tables[""][kept])
    assert "radius 0.6 " in after.caption


@every_trained_study
def test_one_seed_draws_without_intervals(study: Study, drawn: Drawn) -> None:
    preset = replace(SMOKE, seeds=(0,))
    drawing = drawn(study, preset)
    drawing.figure.draw_without_rendering()
    assert re.search(r"\b1 seed\b", drawing.caption.replace("(s)", ""))


@every_measured_study
def test_points_are_kept_in_the_order_of_the_preset(study: Study, invent: Invent, drawn: Drawn) -> None:
    records = invent(study, SMOKE)
    options = [("z", {}), ("a", {"size": 80}), ("m", {"size": 20})]
    if study.name == "data_scaling":
        assert table(SMOKE, records, options)["point"].unique().tolist() == ["z", "a", "m"]
    rows = drawn(study, SMOKE).tables[""]
    declared = list(dict.fromkeys(POINT[study.name](trial) for trial in trained(study, SMOKE)))
    assert rows["point"].unique().tolist() == declared
