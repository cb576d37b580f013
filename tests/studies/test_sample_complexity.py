"""The figure shows what the laws say of the records, and says so where they say nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.scaling import fit, ratio
from analysis.studies import STUDIES
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS, SMOKE
from analysis.studies.sample_complexity import TARGETS
from analysis.studies.study import Drawing, Records, Study

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
STUDY = STUDIES["sample_complexity"]
IMAGES = 2_000
SCALE = {"MLP": 2.0, "AOL-MLP": 4.0, "smoothed MLP": 3.0}


def lawful(preset: Preset, records: Records) -> Records:
    """Records whose errors are scale / sqrt(n) for each network, a little different for each seed."""
    changed = {}
    for trial, record in records.items():
        n = record["outcome"]["size"]
        error = SCALE.get(trial.classifier, 3.0) / np.sqrt(n) * (1 + 0.01 * (trial.seed - 2))
        right = round((1 - error) * IMAGES)
        arrays = {"radii": np.where(np.arange(IMAGES) < right, 10.0, -1.0)} if "radii" in record["arrays"] else {}
        outcome = record["outcome"] | {"accuracy": right / IMAGES, "examples": IMAGES}
        changed[trial] = dict(record) | {"outcome": outcome, "arrays": arrays}
    return changed


@pytest.fixture(scope="module")
def drawing(invent: Invent) -> Drawing:
    preset = replace(DIGITS, sizes=(81, 162, 324, 648, None), seeds=(0, 1, 2, 3))
    return STUDY.draw(preset, lawful(preset, invent(STUDY, preset)))


def test_samples_needed_follow_the_law_that_made_the_records(drawing: Drawing) -> None:
    """Errors of c / sqrt(n) need (c / error)^2 images; counts of 2,000 images round them by up to half a per cent."""
    needed = drawing.tables[""].query("extrapolated == False and samples > smallest")
    assert set(needed["model"]) == set(SCALE)
    for row in needed.itertuples():
        assert row.samples == pytest.approx((SCALE[row.model] / row.error) ** 2, rel=0.1)
        assert row.low <= row.samples <= row.high


def test_the_ratio_is_that_of_the_scales_squared(drawing: Drawing) -> None:
    rows = drawing.tables[""].query("model == 'AOL-MLP' and error == 0.2")
    np.testing.assert_allclose(rows["ratio"], 4.0, rtol=0.15)
    assert ((rows["ratio_low"] < 4) & (rows["ratio_high"] > 4)).all()


def test_every_target_and_curve_has_its_row(drawing: Drawing) -> None:
    """Accuracy of three networks, and certified accuracy at three radii of two of them."""
    assert len(drawing.tables[""]) == 9 * len(TARGETS)
    assert len(drawing.tables["_laws"]) == 9


def test_the_caption_says_how_many_and_how_many_times(drawing: Drawing) -> None:
    assert "Data set: digits. 4 seeds." in drawing.caption
    assert "samples (90 % interval" in drawing.caption
    assert "times as many." in drawing.caption


def test_the_tables_can_be_read(drawing: Drawing) -> None:
    assert set(drawing.documents) == {".md", ".tex"}
    assert drawing.documents[".md"].count("\n| AOL-MLP") == 8
    assert drawing.documents[".tex"].count(r"\begin{tabular}") == 2
    assert " x (" in drawing.documents[".md"]


def test_too_few_sizes_are_said_to_be_too_few(invent: Invent) -> None:
    """The smoke preset has three: the figure is drawn without a law, and says why."""
    told = STUDY.draw(SMOKE, invent(STUDY, SMOKE))
    assert "4 are needed" in told.caption
    assert told.tables[""]["samples"].isna().all()
    assert (told.tables["_laws"]["law"] == "").all()


def test_curves_that_rise_have_no_law(invent: Invent) -> None:
    told = STUDY.draw(DIGITS, invent(STUDY, DIGITS))  # accuracies at random
    assert told.tables["_laws"]["status"].str.contains("not identifiable").any()


def test_the_study_asks_for_nothing_new() -> None:
    assert STUDY.trials(DIGITS) == STUDIES["data_scaling"].trials(DIGITS)


def test_fits_of_the_study_are_those_of_the_library(drawing: Drawing, invent: Invent) -> None:
    preset = replace(DIGITS, sizes=(81, 162, 324, 648, None), seeds=(0, 1, 2, 3))
    records = lawful(preset, invent(STUDY, preset))

    def fitted(model: Any) -> Any:
        chosen = [
            record for trial, record in records.items() if replace(trial, size=None, seed=0, subset_seed=0) == model
        ]
        sizes = [record["outcome"]["size"] for record in chosen]
        errors = [1 - record["outcome"]["accuracy"] for record in chosen]
        seeds = [trial.seed for trial in records if replace(trial, size=None, seed=0, subset_seed=0) == model]
        return fit(sizes, errors, "auto", seeds, test_images=IMAGES)

    expected = ratio(fitted(preset.robust), fitted(preset.standard), 0.2)
    row = drawing.tables[""].query("model == 'AOL-MLP' and measure == 'accuracy' and error == 0.2").iloc[0]
    assert (row["ratio_low"], row["ratio"], row["ratio_high"]) == pytest.approx(expected)


def test_networks_without_errors_are_drawn(invent: Invent) -> None:
    """On data that is easy to tell apart nothing is left for a logarithmic axis."""
    records = {
        trial: dict(record) | {"outcome": record["outcome"] | {"accuracy": 1.0}}
        for trial, record in lawful(SMOKE, invent(STUDY, SMOKE)).items()
    }
    axes = STUDY.draw(SMOKE, records).figure.axes[0]
    low, high = axes.get_ylim()
    assert 0 < low < high
    assert axes.get_yscale() == "log"
