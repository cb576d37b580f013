"""Budgets of equal time: each method gets the steps that its pace allows, and ranks are those of the means."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.studies.layers_budgets import STUDY, grid, ranked
from analysis.studies.layers_cost import paces
from analysis.studies.layers_cost import trials as timed
from analysis.studies.preset import Preset
from analysis.studies.presets import CIFAR, DIGITS, MNIST, SMOKE
from analysis.studies.study import Drawing, Study
from analysis.trials import Trial

Records = dict[Any, dict[str, Any]]
Invent = Callable[[Study, Preset], Records]
Drawn = Callable[[Study, Preset], Drawing]
Break = Callable[[Any, Any], Records]
every_preset = pytest.mark.parametrize("preset", [SMOKE, DIGITS, MNIST], ids=["smoke", "digits", "mnist"])


def certify(records: Records, share: Callable[[Trial], float]) -> Records:
    """Records in which each trial certifies a share of a thousand examples."""
    found = dict(records)
    for trial in (spec for spec in records if isinstance(spec, Trial)):
        radii = np.where(np.arange(1000) < round(1000 * share(trial)), 2.0, -1.0)
        found[trial] = records[trial] | {"arrays": {"radii": radii}}
    return found


@every_preset
def test_steps_times_pace_is_the_budget(preset: Preset, invent: Invent) -> None:
    """To half a step; so that all methods and widths of a budget take the same time."""
    (spec,) = timed(preset)
    found = paces(preset, {spec: invent(STUDY, preset)[spec]})
    points = grid(preset.paced(found))
    budgets = preset.budgets
    assert len(points) == len(preset.compared) * len(budgets.widths) * len(budgets.seconds) * budgets.repeats
    for model, seconds, trial in points:
        pace = found[model, trial.width]
        assert abs(trial.steps * pace - seconds) <= pace / 2 or trial.steps == 1


@every_preset
def test_only_width_and_steps_differ_from_the_comparison(preset: Preset) -> None:
    """The learning rates are those that were chosen for it."""
    tuned = preset.tuned({preset.name_of(model): 0.25 + place for place, model in enumerate(preset.searched)})
    compared = {tuned.trial(model, seed) for model in tuned.compared for seed in tuned.seeds}
    model = tuned.compared[0]
    for _, _, trial in grid(tuned):
        assert replace(trial, width=model.width, steps=model.steps) in compared


def test_a_preset_without_layers_has_none() -> None:
    assert STUDY.trials(CIFAR) == []


@every_preset
def test_the_table_holds_the_records(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    records, rows = invent(STUDY, preset), drawn(STUDY, preset).tables[""]
    points = grid(preset)
    assert len(rows) == len(points)
    for (model, seconds, trial), row in zip(points, rows.to_dict("records"), strict=True):
        assert (row["model"], row["seconds"], row["width"], row["steps"]) == (model, seconds, trial.width, trial.steps)
        assert row["certified"] == np.mean(records[trial]["arrays"]["radii"] > preset.radius)
        assert row["accuracy"] == records[trial]["outcome"]["accuracy"]


@every_preset
def test_lines_join_the_means_and_points_are_seeds(preset: Preset, drawn: Drawn) -> None:
    drawing = drawn(STUDY, preset)
    rows = drawing.tables[""]
    for width, axes in zip(preset.budgets.widths, drawing.figure.axes, strict=False):
        for place, model in enumerate(preset.compared):
            own = rows[(rows["model"] == model.model) & (rows["width"] == width)]
            line, points = axes.lines[2 * place : 2 * place + 2]
            np.testing.assert_allclose(line.get_ydata(), own.groupby("seconds")["certified"].mean())
            np.testing.assert_array_equal(points.get_xydata(), own[["seconds", "certified"]])
            assert axes.get_ylim()[0] <= own["certified"].min(), "panels share an axis on which all is seen"


def test_ranks_follow_the_means_and_ties_share(invent: Invent) -> None:
    methods = [trial.model for trial in DIGITS.compared]
    share = dict(zip(methods, (0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2), strict=True))
    records = certify(invent(STUDY, DIGITS), lambda trial: share[trial.model] + 0.01 * trial.seed)
    order = ranked(STUDY.draw(DIGITS, records).tables[""])
    for _, own in order.groupby("seconds"):
        assert dict(zip(own["model"], own["rank"], strict=True)) == dict(
            zip(methods, (1, 2.5, 2.5, 4, 5, 6, 7, 8, 9), strict=True)
        )


def test_the_verdict_names_leaders_and_movers(invent: Invent) -> None:
    """AOL leads the shortest budget and falls to the end; the others keep their order."""
    methods = [trial.model for trial in DIGITS.compared]

    def share(trial: Trial) -> float:
        if trial.model == "AOL-LCN":
            return 0.95 if trial.steps == min(step for _, _, each in grid(DIGITS) for step in [each.steps]) else 0.05
        return 0.9 - 0.1 * methods.index(trial.model) / 2

    caption = STUDY.draw(DIGITS, certify(invent(STUDY, DIGITS), share)).caption
    assert "Width 16, the most certified: 0.3 s: AOL 95.0%; 1.5 s: BCOP 85.0%; 3.6 s: BCOP 85.0%." in caption
    assert "AOL loses the most (8)" in caption
    assert "keep a rank correlation of 0.40" in caption  # 1 - 6 (8^2 + 8 x 1^2) / (9 (9^2 - 1))


@every_preset
def test_the_caption_says_what_was_timed_and_how(preset: Preset, drawn: Drawn) -> None:
    caption = drawn(STUDY, preset).caption
    assert f"Data set: {preset.dataset}." in caption
    assert f"{preset.budgets.repeats} seed" in caption
    assert "one network at a time on one thread" in caption
    assert "of one core of imagined" in caption
    assert f"radius {preset.radius:g} " in caption


def test_trainings_that_diverged_are_counted_and_rank_last(invent: Invent, diverge: Break) -> None:
    lost = [trial for model, _, trial in grid(SMOKE) if model == SMOKE.compared[1].model]
    drawing = STUDY.draw(SMOKE, diverge(invent(STUDY, SMOKE), lost))
    drawing.figure.draw_without_rendering()
    assert f"{len(lost)} trainings diverged" in drawing.caption
    order = drawing.tables["_ranks"]
    assert order[order["model"] == SMOKE.compared[1].model]["rank"].eq(2).all()
