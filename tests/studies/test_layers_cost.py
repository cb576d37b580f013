"""What is drawn of costs is the record's, and paces are read from it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.studies.budgets import Budgets
from analysis.studies.layers_cost import STUDY, paces
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS, MNIST, SMOKE
from analysis.studies.study import Drawing, Study
from analysis.trials import Pace

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
Drawn = Callable[[Study, Preset], Drawing]
every_preset = pytest.mark.parametrize("preset", [SMOKE, DIGITS, MNIST], ids=["smoke", "digits", "mnist"])


@every_preset
def test_the_table_holds_the_fastest_rounds(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    ((spec, record),) = invent(STUDY, preset).items()
    rows = drawn(STUDY, preset).tables[""]
    least = record["arrays"]["training"].min(axis=0)
    assert rows["model"].tolist() == [model for model in spec.models for _ in spec.widths]
    assert rows["width"].tolist() == [*spec.widths] * len(spec.models)
    np.testing.assert_allclose(rows["training_ms"], 1e3 * least.ravel(), rtol=1e-12)
    np.testing.assert_allclose(rows["memory_mb"], record["arrays"]["memory"].ravel() / 1e6, rtol=1e-12)
    fastest = 1 / record["arrays"]["inference"].min(axis=0)
    np.testing.assert_allclose(rows["images_per_second"], fastest.ravel(), rtol=1e-12)
    assert (rows["rounds_median"] >= 1).all()


@every_preset
def test_lines_are_those_of_the_table(preset: Preset, drawn: Drawn) -> None:
    drawing = drawn(STUDY, preset)
    for axes, column in zip(drawing.figure.axes, ("training_ms", "memory_mb", "images_per_second"), strict=True):
        for line, (_, own) in zip(axes.lines, drawing.tables[""].groupby("model", sort=False), strict=True):
            np.testing.assert_array_equal(line.get_xydata(), own[["width", column]])


@every_preset
def test_paces_become_steps(preset: Preset, invent: Invent) -> None:
    """A budget pays for as many steps as it holds, to half a step."""
    found = paces(preset, invent(STUDY, preset))
    budgets = preset.paced(found).budgets
    assert budgets is not None
    for model in preset.compared:
        for width in budgets.widths:
            for seconds in budgets.seconds:
                steps, pace = budgets.steps(model.model, width, seconds), found[model.model, width]
                assert abs(steps - seconds / pace) <= 0.5 or steps == 1


def test_one_specification_times_all_networks_together() -> None:
    (spec,) = STUDY.trials(MNIST)
    assert isinstance(spec, Pace)
    assert spec.models == tuple(trial.model for trial in MNIST.compared)
    assert (spec.depth, spec.batch_size) == (MNIST.compared[0].depth, MNIST.compared[0].batch_size)


def test_a_width_that_is_not_timed_is_refused() -> None:
    with pytest.raises(ValueError, match=r"widths must be among those timed, \(64,\), got \(64, 128\)"):
        Budgets(seconds=(1.0,), widths=(64, 128), timed=(64,))
