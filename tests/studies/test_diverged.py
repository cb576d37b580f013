"""A training that diverged is left out of means and intervals and counted in the caption; the rest is drawn."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.studies import STUDIES
from analysis.studies.measures import measures, summary
from analysis.studies.preset import Preset
from analysis.studies.presets import SMOKE
from analysis.studies.study import Drawing, Study
from analysis.trials import Trial

Records = dict[Any, dict[str, Any]]
Invent = Callable[[Study, Preset], Records]
Drawn = Callable[[Study, Preset], Drawing]
Diverge = Callable[[Records, list[Trial]], Records]

PRESET = replace(SMOKE, seeds=(0, 1, 2, 3), search=replace(SMOKE.search, seeds=(0, 1)))
MEASURED = ("data_scaling", "subspace_accuracy", "subspace_sweep")
every_study = pytest.mark.parametrize("study", [STUDIES[name] for name in MEASURED], ids=MEASURED)
every_trained_study = pytest.mark.parametrize(
    "study", [STUDIES[name] for name in (*MEASURED, "learning_rate")], ids=[*MEASURED, "learning_rate"]
)


def counted(drawing: Drawing) -> int:
    """Diverged trainings, by the caption."""
    found = re.search(r"(\d+) trainings? diverged", drawing.caption)
    return int(found[1]) if found else 0


def of(study: Study, model: Trial) -> list[Trial]:
    return [
        trial for trial in study.trials(PRESET) if isinstance(trial, Trial) and trial.classifier == model.classifier
    ]


@every_trained_study
def test_where_none_diverged_the_caption_is_silent(study: Study, drawn: Drawn) -> None:
    assert "diverged" not in drawn(study, PRESET).caption


@every_study
def test_rows_of_diverged_trainings_are_empty_and_no_others(
    study: Study, invent: Invent, diverge: Diverge, drawn: Drawn
) -> None:
    records = invent(study, PRESET)
    lost = [of(study, PRESET.standard)[0], *of(study, PRESET.robust)[1:3]]
    whole, rows = drawn(study, PRESET).tables[""], study.draw(PRESET, diverge(records, lost)).tables[""]
    empty = rows["value"].isna()
    assert empty.sum() == 1 + 2 * 2  # the robust network has two measures
    assert rows["value"][~empty].equals(whole["value"][~empty])


@every_study
def test_means_are_over_the_seeds_that_remain(study: Study, invent: Invent, diverge: Diverge, drawn: Drawn) -> None:
    records = invent(study, PRESET)
    lost = [trial for trial in of(study, PRESET.robust) if trial.seed in {1, 3}]
    rows = study.draw(PRESET, diverge(records, lost)).tables[""]
    kept = drawn(study, PRESET).tables[""].query("seed not in [1, 3]")
    for measure in measures(PRESET)[1:]:
        result, expected = (summary(table, measure) for table in (rows, kept))
        np.testing.assert_allclose(result.mean, expected.mean, rtol=1e-12)
        np.testing.assert_allclose(result.high, expected.high, rtol=1e-12)


@every_trained_study
@pytest.mark.parametrize("count", [1, 3])
def test_the_caption_counts_diverged_trainings(study: Study, count: int, invent: Invent, diverge: Diverge) -> None:
    lost = of(study, PRESET.robust)[:count]
    assert counted(study.draw(PRESET, diverge(invent(study, PRESET), lost))) == count


@every_trained_study
@pytest.mark.parametrize("network", ["standard", "robust"])
def test_the_other_network_is_drawn_where_one_always_diverged(
    study: Study, network: str, invent: Invent, diverge: Diverge, drawn: Drawn
) -> None:
    lost = of(study, getattr(PRESET, network))
    records = invent(study, PRESET)
    drawing = study.draw(PRESET, diverge(records, lost))
    drawing.figure.draw_without_rendering()
    rows = drawing.tables[""]
    gone = rows["model"] == lost[0].classifier
    assert counted(drawing) == len(lost)
    assert rows["value"][gone].isna().all()
    assert rows["value"][~gone].equals(drawn(study, PRESET).tables[""]["value"][~gone])


@every_trained_study
def test_a_study_of_which_everything_diverged_still_draws(study: Study, invent: Invent, diverge: Diverge) -> None:
    lost = [trial for trial in study.trials(PRESET) if isinstance(trial, Trial)]
    drawing = study.draw(PRESET, diverge(invent(study, PRESET), lost))
    drawing.figure.draw_without_rendering()
    assert counted(drawing) == len(lost)
    assert all(len(rows.columns) for rows in drawing.tables.values())


def test_growth_is_that_of_the_seeds_without_a_gap(invent: Invent, diverge: Diverge, drawn: Drawn) -> None:
    study = STUDIES["data_scaling"]
    records = invent(study, PRESET)
    lost = [trial for trial in of(study, PRESET.robust) if (trial.seed, trial.size) == (2, 20)]
    growth = study.draw(PRESET, diverge(records, lost)).tables["_growth"].query("model == 'AOL-MLP'")
    rows = drawn(study, PRESET).tables[""].query("model == 'AOL-MLP' and measure == 'accuracy' and seed != 2")
    means = rows.groupby("size")["value"].mean()
    expected = np.diff(means) / np.diff(np.log2(means.index))
    np.testing.assert_allclose(growth["per_doubling"][: len(expected)], expected, rtol=0, atol=1e-14)
