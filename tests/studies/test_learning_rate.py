"""The search takes the best mean on validation images, and shows all that it saw."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.studies.learning_rate import STUDY, choose
from analysis.studies.preset import Preset, Search
from analysis.studies.presets import DIGITS, PRESETS, SMOKE
from analysis.studies.study import Drawing, Study
from analysis.trials import Trial

Records = dict[Any, dict[str, Any]]
Invent = Callable[[Study, Preset], Records]
Drawn = Callable[[Study, Preset], Drawing]
Diverge = Callable[[Records, list[Trial]], Records]

SEARCH = Search(rates=(0.1, 0.5, 1.0), seeds=(0, 1), validation=200)
PRESET = replace(SMOKE, search=SEARCH, smoothed=None, others=(), compared=())
every_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


def found(values: dict[float, tuple[float, float]], *, certified: dict[float, float] | None = None) -> Records:
    """Records in which both networks have these accuracies, by rate and seed, and the robust one is so certified."""
    records = {}
    for rate, accuracies in values.items():
        radius = 2 * PRESET.radius
        share = min(accuracies) if certified is None else certified[rate]
        for seed, accuracy in enumerate(accuracies):
            sure = share if certified is not None else accuracy
            radii = np.where(np.arange(100) < round(100 * sure), radius, 0.1 * PRESET.radius)
            for model in PRESET.models:
                arrays = {"radii": radii} if model is PRESET.robust else {"correct": radii > 0}
                records[SEARCH.trial(model, rate, seed)] = {"outcome": {"accuracy": accuracy}, "arrays": arrays}
    return records


def test_the_best_mean_wins_not_the_best_seed() -> None:
    records = found({0.1: (0.6, 0.6), 0.5: (0.7, 0.7), 1.0: (0.95, 0.4)})
    assert choose(PRESET, records) == {"MLP": 0.5, "AOL-MLP": 0.5}


def test_the_robust_network_is_judged_by_what_is_certified() -> None:
    accuracies = {0.1: (0.5, 0.5), 0.5: (0.8, 0.8), 1.0: (0.9, 0.9)}
    records = found(accuracies, certified={0.1: 0.3, 0.5: 0.4, 1.0: 0.2})
    assert choose(PRESET, records) == {"MLP": 1.0, "AOL-MLP": 0.5}


def test_of_rates_that_tie_the_smaller_is_taken() -> None:
    records = found({0.1: (0.5, 0.5), 0.5: (0.7, 0.8), 1.0: (0.8, 0.7)})
    assert choose(PRESET, records) == {"MLP": 0.5, "AOL-MLP": 0.5}


def test_where_nothing_is_certified_the_more_accurate_is_taken() -> None:
    accuracies = {0.1: (0.5, 0.5), 0.5: (0.8, 0.8), 1.0: (0.7, 0.7)}
    records = found(accuracies, certified=dict.fromkeys(SEARCH.rates, 0.0))
    assert choose(PRESET, records) == {"MLP": 0.5, "AOL-MLP": 0.5}


def test_a_training_that_diverged_counts_as_nothing_right(diverge: Diverge) -> None:
    """Left out, it would leave 0.95 as the best mean; as 0 the mean is 0.475."""
    records = found({0.1: (0.5, 0.5), 0.5: (0.4, 0.4), 1.0: (0.95, 0.95)})
    lost = [SEARCH.trial(model, 1.0, 1) for model in PRESET.models]
    assert choose(PRESET, diverge(records, lost)) == {"MLP": 0.1, "AOL-MLP": 0.1}


def test_where_all_diverged_the_smallest_rate_remains(diverge: Diverge) -> None:
    records = found(dict.fromkeys(SEARCH.rates, (0.5, 0.5)))
    assert choose(PRESET, diverge(records, list(records))) == {"MLP": 0.1, "AOL-MLP": 0.1}


@every_preset
def test_the_chosen_rates_are_among_those_tried(preset: Preset, invent: Invent) -> None:
    chosen = choose(preset, invent(STUDY, preset))
    assert set(chosen) == {preset.name_of(model) for model in preset.searched}
    for model in preset.searched:
        assert chosen[preset.name_of(model)] in preset.search_of(model).rates


@every_preset
def test_the_table_holds_the_records_and_nothing_else(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    records = invent(STUDY, preset)
    rows = drawn(STUDY, preset).tables[""]
    shown = {(row.model, row.learning_rate, row.seed): row.value for row in rows.itertuples()}
    expected = {
        (preset.name_of(trial), trial.learning_rate, trial.seed): (
            float((record["arrays"]["radii"] > preset.radius).mean())
            if "radii" in record["arrays"]
            else record["outcome"]["accuracy"]
        )
        for trial, record in records.items()
    }
    assert shown == expected
    assert len(rows) == len(expected)


@every_preset
def test_lines_join_the_means_and_circles_mark_the_choice(preset: Preset, invent: Invent, drawn: Drawn) -> None:
    records = invent(STUDY, preset)
    drawing = drawn(STUDY, preset)
    rows = drawing.tables[""]
    panels = [axes for axes in drawing.figure.axes if axes.get_visible()]
    for model, axes in zip(preset.searched, panels, strict=True):
        name = preset.name_of(model)
        curve, *_, circle = axes.lines
        means = rows[rows["model"] == name].groupby("learning_rate")["value"].mean()
        rate = choose(preset, records)[name]
        assert axes.get_title().startswith(name)
        assert circle.get_markersize() > 10
        np.testing.assert_allclose(curve.get_xydata(), np.column_stack((means.index, means)), rtol=1e-12)
        np.testing.assert_allclose(circle.get_xydata(), [[rate, means[rate]]], rtol=1e-12)
        assert rows["learning_rate"][(rows["model"] == name) & rows["chosen"]].unique().tolist() == [rate]


def test_a_share_of_the_budget_shortens_the_search_alone() -> None:
    short = replace(SMOKE, search=replace(SMOKE.search, share=0.1))
    assert {trial.steps for trial in STUDY.trials(short)} == {3, 1}
    assert {trial.steps for trial in STUDY.trials(SMOKE)} == {30, 10}


def test_the_rates_of_digits_are_sixteen_draws_one_in_each_quarter_of_a_decade() -> None:
    """From a thousandth to ten (SPEC 6.1); the steps between powers are those of equal parts of the logarithm."""
    parts = np.floor((np.log10(DIGITS.search.rates) + 3) * 4)
    assert parts.tolist() == list(range(16))
    assert len({round(10 ** (4 * np.log10(rate) % 1), 3) for rate in DIGITS.search.rates}) > 10  # drawn, not a grid
