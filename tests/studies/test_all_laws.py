"""What the page is told of learning curves: laws fitted to the measured errors of each network and radius."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis import scaling
from analysis.plots import COLORS
from analysis.studies import all_laws as module
from analysis.studies.all_laws import LAWS, TARGETS, all_laws, grid_of, told
from analysis.studies.data_scaling import trials
from analysis.studies.fitted import fitted_curves
from analysis.studies.measures import accurate
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS, SMOKE
from analysis.studies.sample_complexity import STUDY
from analysis.studies.study import Study
from analysis.trials import Trial

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
PRESET = replace(DIGITS, smoothed=None, others=(), seeds=(0, 1, 2))
Records = dict[Trial, dict[str, Any]]


def falling(trial: Trial) -> dict[str, Any]:
    """A record whose errors follow M1 with exponents of the network's own, and a little noise of the seed's."""
    size = trial.size or 1_297
    error = min(2.0 * size ** (-0.5 if trial.model == "MLP" else -0.3) * (1 + 0.01 * trial.seed), 1.0)
    arrays = {"radii": np.where(np.arange(1_000) < 1_000 * error, -1.0, 0.3)} if trial.offset else {}
    outcome = {"size": size, "accuracy": 1 - error, "variance_share": 1.0, "examples": 1_000}
    return {"outcome": outcome, "arrays": arrays}


@pytest.fixture(scope="module")
def records() -> Records:
    return {trial: falling(trial) for trial in trials(PRESET)}


@pytest.fixture(scope="module")
def found(records: Records) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RESAMPLES", 5)
        return all_laws(PRESET, records)


def test_every_network_is_there_and_the_robust_one_at_three_radii(found: dict[str, Any]) -> None:
    curves = [(curve["model"], curve["radius"]) for curve in found["curves"]]
    assert curves == [("MLP", 0), ("AOL-MLP", 0), ("AOL-MLP", 0.25), ("AOL-MLP", 0.125), ("AOL-MLP", 0.5)]
    assert found["targets"] == TARGETS.tolist()
    assert found["visits"] == {"MLP": 32_000, "AOL-MLP": 32_000}


def test_points_are_measured_means_with_their_intervals(found: dict[str, Any]) -> None:
    errors = np.array([[2 * size**-0.5 * (1 + 0.01 * seed) for seed in PRESET.seeds] for size in (20, 40, 81)])
    expected = scaling.estimate(1 - errors, bounds=(0, 1))
    rows = np.array(found["curves"][0]["measured"][:3])
    np.testing.assert_allclose(rows[:, 0], (20, 40, 81))
    np.testing.assert_allclose(rows[:, 1:], np.stack([expected.mean, expected.low, expected.high], 1))


def test_the_law_behind_the_curve_is_found(found: dict[str, Any]) -> None:
    for curve, exponent in zip(found["curves"][:3], (0.5, 0.3, 0.3), strict=True):
        for kind in ("all", "smaller"):
            fit = curve["fits"][kind]["M1"]
            assert fit["status"] == "ok"
            assert fit["parameters"]["b"] == pytest.approx(exponent, abs=0.01)
        assert set(curve["fits"]["all"]) == {*LAWS, "auto"}
        assert curve["fits"]["all"]["auto"] in LAWS


def test_where_nothing_is_certified_no_law_is_fitted(found: dict[str, Any]) -> None:
    fits = found["curves"][-1]["fits"]["all"]
    assert all(fits[law]["status"].startswith("not identifiable") and "needed" not in fits[law] for law in LAWS)
    assert fits["auto"] in LAWS


def unpacked(packed: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["bytes"]), "<f4").reshape(3, -1)


def test_the_law_that_predicts_best_has_the_numbers_of_the_figure(found: dict[str, Any], records: Records) -> None:
    (curve,) = fitted_curves(PRESET, records, [accurate(PRESET.standard, COLORS["standard"])])
    fits = found["curves"][0]["fits"]["all"]
    assert curve.identified is not None
    assert fits["auto"] == curve.identified.law
    needed = np.array([curve.identified.samples_needed(float(1 - target)) for target in TARGETS]).T
    np.testing.assert_allclose(unpacked(fits[fits["auto"]]["needed"]), needed, rtol=1e-6)


def test_what_is_fitted_already_is_not_fitted_again(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = replace(PRESET, sizes=PRESET.sizes[:4])
    known = fitted_curves(grid, records, [accurate(PRESET.standard, "")], "M2", 7)
    monkeypatch.setattr(module, "RESAMPLES", 5)
    fits = all_laws(grid, records, known)["curves"][0]["fits"]["all"]
    assert fits["auto"] == "M2"
    assert fits["M2"] == told(known[0], grid_of(known[0].sizes))


def test_what_is_told_are_the_fit_s_numbers(records: Records) -> None:
    (curve,) = fitted_curves(PRESET, records, [accurate(PRESET.robust, COLORS["robust"])], "M1", 10)
    fit, grid = curve.identified, grid_of(curve.sizes)
    assert fit is not None
    says = told(curve, grid)
    np.testing.assert_allclose(unpacked(says["errors"]), [fit.predict(grid), *fit.interval(grid)], rtol=1e-6)
    expected = np.array([fit.samples_needed(float(1 - target)) for target in TARGETS]).T
    np.testing.assert_allclose(unpacked(says["needed"]), expected, rtol=1e-6)


def test_curves_reach_from_half_the_smallest_to_a_thousand_times_the_largest() -> None:
    grid = grid_of(np.array([100.0, 200.0, 800.0]))
    assert grid[0] == 50
    assert 800_000 <= grid[-1] < 2 * 800_000
    assert (np.diff(grid) > 0).all()


def test_the_figure_carries_its_fits_and_few_sizes_have_none(invent: Invent) -> None:
    compute = STUDY.draw(SMOKE, invent(STUDY, SMOKE)).explored
    assert compute is not None
    curves: Any = compute()["curves"]
    assert all(curve["fits"]["all"]["M2"]["status"].startswith("not identifiable: 3 sizes") for curve in curves)
    assert {curve["radius"] for curve in curves} == {0, SMOKE.radius / 2, SMOKE.radius, 2 * SMOKE.radius}
