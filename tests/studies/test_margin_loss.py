"""Offsets are compared at one loss shape; curves, changes and verdict are the records', the right panel the table's."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import published
from analysis.studies import STUDIES
from analysis.studies.margin_loss import DRAWN, FACTORS, STUDY
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS, MNIST, PRESETS, SMOKE
from analysis.studies.study import Drawing, Study

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
Drawn = Callable[[Study, Preset], Drawing]
Break = Callable[[Any, Any], dict[Any, dict[str, Any]]]
every_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


def with_radii(preset: Preset, records: Any, radii: Callable[[float, int], np.ndarray]) -> dict[Any, dict[str, Any]]:
    """Records whose radii a function of factor and seed gives."""
    return {
        trial: record | {"arrays": {"radii": radii(trial.offset / preset.robust.offset, trial.seed)}}
        for trial, record in records.items()
    }


@every_preset
def test_offset_and_temperature_are_scaled_together(preset: Preset) -> None:
    ratio = preset.robust.offset / preset.robust.temperature
    for trial in STUDY.trials(preset):
        assert trial.offset / trial.temperature == pytest.approx(ratio, rel=1e-12)
        assert replace(trial, offset=0.0, temperature=1.0, seed=0, subset_seed=0) == replace(
            preset.robust, offset=0.0, temperature=1.0
        )
    found = {trial.offset / preset.robust.offset for trial in STUDY.trials(preset)}
    np.testing.assert_allclose(sorted(found), 4.0 ** np.arange(-2, 3), rtol=1e-12)


@every_preset
def test_the_preset_s_own_offset_is_trained_once_for_all_studies(preset: Preset) -> None:
    shared = set(STUDY.trials(preset)) & set(STUDIES["data_scaling"].trials(preset))
    assert shared == {preset.trial(preset.robust, seed) for seed in preset.seeds}


def test_full_presets_have_three_seeds_and_more() -> None:
    assert min(len(DIGITS.seeds), len(MNIST.seeds)) >= 3


@every_preset
def test_the_table_holds_the_records(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    rows, records = drawn(STUDY, preset).tables[""], invent(STUDY, preset)
    assert rows["radius"].min() == 0
    for trial in STUDY.trials(preset):
        radii = records[trial]["arrays"]["radii"]
        own = rows[(rows["offset"] == trial.offset) & (rows["seed"] == trial.seed)]
        expected = (radii[:, None] > own["radius"].to_numpy()).mean(axis=0)
        np.testing.assert_array_equal(own["certified"], expected)


@every_preset
def test_curves_are_means_of_the_table(preset: Preset, drawn: Drawn) -> None:
    drawing = drawn(STUDY, preset)
    means = drawing.tables[""].groupby(["factor", "radius"])["certified"].mean()
    lines = drawing.figure.axes[0].lines[: len(FACTORS)]
    for factor, line in zip(FACTORS, lines, strict=True):
        np.testing.assert_allclose(line.get_ydata(), means[factor], rtol=1e-12)


@every_preset
def test_against_the_offset_every_radius_is_a_share_of_the_one_aimed_at(
    preset: Preset, invent: Invent, drawn: Drawn
) -> None:
    records, (_, middle, _) = invent(STUDY, preset), drawn(STUDY, preset).figure.axes
    for share, line in zip(DRAWN, middle.lines, strict=True):
        radius = share * preset.robust.offset / 2**0.5
        expected = {factor: [] for factor in FACTORS}  # type: dict[float, list[float]]
        for trial, record in records.items():
            expected[trial.offset / preset.robust.offset].append(np.mean(record["arrays"]["radii"] > radius))
        np.testing.assert_allclose(line.get_ydata(), [np.mean(values) for values in expected.values()], rtol=1e-12)


def test_on_the_right_stands_the_published_ablation(drawn: Drawn) -> None:
    right = drawn(STUDY, SMOKE).figure.axes[2]
    rows = published.load("aol_cifar10").query("source == 'arXiv 2208.03160 Table 5'")
    columns = ["accuracy_percent", *[f"cra_{radius}_percent" for radius in ("36_255", "72_255", "108_255", "1")]]
    assert len(rows) == len(FACTORS)
    for line, column in zip(right.lines, columns, strict=False):
        np.testing.assert_allclose(line.get_ydata(), rows[column] / 100)
    assert np.isnan(right.lines[-1].get_ydata()).all()


@pytest.mark.parametrize(("slope", "verdict"), [(-0.02, "a trade-off"), (0.02, "no trade-off")])
def test_the_verdict_is_computed(slope: float, verdict: str, invent: Invent) -> None:
    """Larger offsets certify more at every radius; accuracy falls or rises by 2 points per factor of 4."""

    def radii(factor: float, seed: int) -> np.ndarray:
        right = round(1000 * (0.8 + slope * np.log2(factor) / 2)) + seed
        return np.concatenate((np.linspace(1e-3, factor, right), -np.ones(1000 - right)))

    drawing = STUDY.draw(SMOKE, with_radii(SMOKE, invent(STUDY, SMOKE), radii))
    assert re.findall("a trade-off|no trade-off", drawing.caption) == [verdict] * 2
    changes = drawing.tables["_changes"].query("share_of_radius == 0")
    np.testing.assert_allclose(changes["change"], slope, atol=1e-12)
    np.testing.assert_allclose(changes["published"], [-0.024, -0.07, -0.106, -0.116], atol=1e-12)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_caption_counts_what_diverged(count: int, invent: Invent, diverge: Break) -> None:
    records, lost = invent(STUDY, SMOKE), STUDY.trials(SMOKE)[:count]
    drawing = STUDY.draw(SMOKE, diverge(records, lost))
    drawing.figure.draw_without_rendering()
    found = re.search(r"(\d+) trainings? diverged", drawing.caption)
    assert (int(found[1]) if found else 0) == count


def test_a_study_of_which_everything_diverged_still_draws(invent: Invent, diverge: Break) -> None:
    drawing = STUDY.draw(SMOKE, diverge(invent(STUDY, SMOKE), STUDY.trials(SMOKE)))
    drawing.figure.draw_without_rendering()
    assert drawing.tables[""]["certified"].isna().all()


@every_preset
def test_the_caption_says_what_differs_from_the_published(preset: Preset, drawn: Drawn) -> None:
    caption = drawn(STUDY, preset).caption
    assert f"Data set: {preset.dataset}." in caption
    assert re.search(rf"\b{len(preset.seeds)} seed", caption)
    assert f"radius {preset.radius:g} " in caption
    assert "other data, budget and size" in caption
    assert "2208.03160" in caption


def test_another_radius_moves_the_dashed_line_and_nothing_else(invent: Invent, drawn: Drawn) -> None:
    records, wide = invent(STUDY, SMOKE), replace(SMOKE, radius=0.6)
    before, after = drawn(STUDY, SMOKE), STUDY.draw(wide, records)
    pd.testing.assert_frame_equal(after.tables[""], before.tables[""])
    assert after.figure.axes[0].lines[-1].get_xdata() == [0.6, 0.6]
