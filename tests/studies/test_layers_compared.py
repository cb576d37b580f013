"""The comparison shows its records: every method once, sorted by what is certified, costs divided by the best."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.container import BarContainer

from analysis.studies.layers_compared import STUDY
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS, METHODS, SMOKE
from analysis.studies.study import Drawing, Study

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
Drawn = Callable[[Study, Preset], Drawing]
every_preset = pytest.mark.parametrize("preset", [SMOKE, DIGITS], ids=["smoke", "digits"])


def test_all_nine_methods_are_compared_alike() -> None:
    assert {trial.model.partition("-")[0] for trial in DIGITS.compared} == set(METHODS)
    assert len({(trial.width, trial.depth, trial.steps, trial.offset) for trial in DIGITS.compared}) == 1


@every_preset
def test_the_table_holds_the_records(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    records, rows = invent(STUDY, preset), drawn(STUDY, preset).tables[""]
    assert len(rows) == len(records)
    for row in rows.to_dict("records"):
        (model,) = (model for model in preset.compared if model.model == row["model"])
        record = records[preset.trial(model, row["seed"])]
        radii = record["arrays"]["radii"]
        assert row["accuracy"] == record["outcome"]["accuracy"]
        for radius in (36 / 255, 72 / 255, 108 / 255, 1.0, preset.radius):
            assert row[f"certified at {radius:.3g}"] == np.mean(radii > radius)
        assert row["training time, ms a step"] == pytest.approx(3000 / model.total_steps)
        assert row["memory, MB a step"] == 2


@every_preset
def test_bars_fall_in_what_is_certified_at_the_radius(preset: Preset, drawn: Drawn) -> None:
    drawing = drawn(STUDY, preset)
    axes = drawing.figure.axes[0]
    means = drawing.tables[""].groupby("model").mean(numeric_only=True)
    order = [f"{label.get_text()}-LCN" for label in axes.get_xticklabels()]
    certified = means.loc[order, f"certified at {preset.radius:.3g}"]
    assert certified.is_monotonic_decreasing
    bars = [[bar.get_height() for bar in group] for group in axes.containers if isinstance(group, BarContainer)]
    np.testing.assert_allclose(bars[0], means.loc[order, "accuracy"])
    assert (np.diff(bars, axis=0) <= 0).all()  # the larger the radius, the fewer


@every_preset
def test_on_every_spoke_the_best_method_reaches_the_ring(preset: Preset, drawn: Drawn) -> None:
    axes = drawn(STUDY, preset).figure.axes[1]
    scores = np.array([line.get_ydata() for line in axes.lines])
    assert scores.shape == (len(preset.compared), 6)  # five spokes, closed
    np.testing.assert_allclose(scores.max(axis=0), 1)
    assert (scores > 0).all()
