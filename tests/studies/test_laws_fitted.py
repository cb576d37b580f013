"""What the page is told of learning curves: laws fitted to the measured errors of each network and radius."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis import scaling
from analysis.studies import laws_fitted
from analysis.studies.data_scaling import STUDY
from analysis.studies.laws_fitted import LAWS, TARGETS, fitted, grid_of, observed, told
from analysis.studies.preset import Preset
from analysis.studies.presets import DIGITS, SMOKE
from analysis.studies.study import Study
from analysis.trials import Trial

Invent = Callable[[Study, Preset], dict[Any, dict[str, Any]]]
PRESET = replace(DIGITS, smoothed=None, others=(), seeds=(0, 1, 2))


def falling(trial: Trial) -> dict[str, Any]:
    """A record whose errors follow M1 with exponents of the network's own, and a little noise of the seed's."""
    size = trial.size or 1_297
    error = min(2.0 * size ** (-0.5 if trial.model == "MLP" else -0.3) * (1 + 0.01 * trial.seed), 1.0)
    arrays = {"radii": np.where(np.arange(1_000) < 1_000 * error, -1.0, 0.3)} if trial.offset else {}
    return {"outcome": {"size": size, "accuracy": 1 - error}, "arrays": arrays}


@pytest.fixture(scope="module")
def told_of_all() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(laws_fitted, "RESAMPLES", 5)
        return fitted(PRESET, {trial: falling(trial) for trial in STUDY.trials(PRESET) if isinstance(trial, Trial)})


def test_every_network_is_there_and_the_robust_one_at_every_radius(told_of_all: dict[str, Any]) -> None:
    found = [(curve["model"], curve["radius"]) for curve in told_of_all["curves"]]
    assert found == [("MLP", 0), ("AOL-MLP", 0), ("AOL-MLP", 0.25), ("AOL-MLP", 36 / 255), ("AOL-MLP", 1)]
    assert told_of_all["targets"] == TARGETS.tolist()


def test_points_are_measured_means_with_their_intervals(told_of_all: dict[str, Any]) -> None:
    curve = told_of_all["curves"][0]
    errors = np.array([[2 * size**-0.5 * (1 + 0.01 * seed) for seed in PRESET.seeds] for size in (20, 40, 81)])
    expected = scaling.estimate(1 - errors, bounds=(0, 1))
    rows = np.array(curve["measured"][:3])
    np.testing.assert_allclose(rows[:, 0], (20, 40, 81))
    np.testing.assert_allclose(rows[:, 1:], np.stack([expected.mean, expected.low, expected.high], 1))


def test_the_law_behind_the_curve_is_found(told_of_all: dict[str, Any]) -> None:
    for curve, exponent in zip(told_of_all["curves"][:3], (0.5, 0.3, 0.3), strict=True):
        for kind in ("all", "smaller"):
            fit = curve["fits"][kind]["M1"]
            assert fit["status"] == "ok"
            assert fit["parameters"]["b"] == pytest.approx(exponent, abs=0.01)
        assert set(curve["fits"]["all"]) == {*LAWS, "auto"}
        assert curve["fits"]["all"]["auto"] in LAWS


def test_where_nothing_is_certified_no_law_is_fitted(told_of_all: dict[str, Any]) -> None:
    fits = told_of_all["curves"][-1]["fits"]["all"]
    assert all(fits[law]["status"].startswith("not identifiable") and "needed" not in fits[law] for law in LAWS)
    assert fits["auto"] in LAWS


def test_what_is_told_are_the_fit_s_numbers() -> None:
    sizes = 100.0 * 2.0 ** np.arange(6)
    fit = scaling.fit(sizes, np.outer(2 * sizes**-0.5, [1, 1.02, 0.99]), "M1", resamples=10)
    grid = grid_of(sizes)
    says = told(fit, grid)
    errors, needed = (np.frombuffer(base64.b64decode(says[name]["bytes"]), "<f4") for name in ("errors", "needed"))
    np.testing.assert_allclose(errors.reshape(3, -1), [fit.predict(grid), *fit.interval(grid)], rtol=1e-6)
    expected = np.array([fit.samples_needed(float(1 - target)) for target in TARGETS]).T
    np.testing.assert_allclose(needed.reshape(3, -1), expected, rtol=1e-6)


def test_curves_reach_from_half_the_smallest_to_a_thousand_times_the_largest() -> None:
    grid = grid_of(np.array([100.0, 200.0, 800.0]))
    assert grid[0] == 50
    assert 800_000 <= grid[-1] < 2 * 800_000
    assert (np.diff(grid) > 0).all()


def test_diverged_trainings_are_left_out() -> None:
    records = {trial: falling(trial) for trial in STUDY.trials(PRESET) if isinstance(trial, Trial)}
    lost = PRESET.trial(PRESET.standard, 1, size=81)
    records[lost] = {"outcome": records[lost]["outcome"] | {"accuracy": None}, "arrays": {}}
    sizes, _, seeds = observed(PRESET, records, PRESET.standard, 0)
    assert len(sizes) == len(PRESET.sizes) * len(PRESET.seeds) - 1
    assert seeds[sizes == 81].tolist() == [0, 2]


def test_the_figure_carries_its_fits_and_few_sizes_have_none(invent: Invent) -> None:
    compute = STUDY.draw(SMOKE, invent(STUDY, SMOKE)).explored
    assert compute is not None
    found = compute()
    assert {curve["fits"]["all"]["M2"]["status"] for curve in found["curves"]} == {
        "not identifiable: a law needs at least 4 sizes"
    }
    assert {curve["radius"] for curve in found["curves"]} >= {0, SMOKE.radius}
