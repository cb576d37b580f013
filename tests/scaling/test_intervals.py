"""Intervals are scipy's, repeats may be missing, and ends stay within the bounds of the quantity."""

import numpy as np
import pytest
from scipy import stats

from analysis.scaling import estimate

REPEATS = np.random.default_rng(0).normal(0.7, 0.1, size=(4, 5))


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_complete_repeats_have_the_interval_of_scipy(level: float) -> None:
    result = estimate(REPEATS, level=level)
    mean, error = REPEATS.mean(axis=1), stats.sem(REPEATS, axis=1)
    low, high = stats.t.interval(level, df=4, loc=mean, scale=error)
    np.testing.assert_allclose(result.mean, mean, rtol=1e-14)
    np.testing.assert_allclose(result.low, low, rtol=1e-12)
    np.testing.assert_allclose(result.high, high, rtol=1e-12)


@pytest.mark.parametrize("missing", [[0], [1, 4], [0, 2, 3]], ids=len)
def test_a_missing_repeat_is_left_out(missing: list[int]) -> None:
    holes = REPEATS.copy()
    holes[:, missing] = np.nan
    result, expected = estimate(holes), estimate(np.delete(REPEATS, missing, axis=1))
    for name in ("mean", "low", "high"):
        np.testing.assert_allclose(getattr(result, name), getattr(expected, name), rtol=1e-14)


def test_points_do_not_touch_each_other() -> None:
    holes = REPEATS.copy()
    holes[1] = np.nan
    holes[2, 1:] = np.nan
    result = estimate(holes)
    for point in (0, 3):
        assert result.low[point] == estimate(REPEATS[[point]]).low[0]
        assert result.high[point] == estimate(REPEATS[[point]]).high[0]


def test_one_repeat_has_a_mean_and_no_interval() -> None:
    for values in ([[0.25]], [[np.nan, 0.25, np.nan]]):
        result = estimate(values, bounds=(0, 1))
        assert result.mean.tolist() == [0.25]
        assert np.isnan([result.low[0], result.high[0]]).all()


def test_nothing_measured_is_nan() -> None:
    result = estimate(np.full((1, 3), np.nan), bounds=(0, 1))
    assert np.isnan([result.mean[0], result.low[0], result.high[0]]).all()


def test_equal_repeats_have_an_interval_of_no_width() -> None:
    result = estimate([[0.5, 0.5, 0.5]])
    assert (result.low[0], result.mean[0], result.high[0]) == (0.5, 0.5, 0.5)


def test_ends_are_cut_to_the_bounds_and_means_are_not_moved() -> None:
    result = estimate([[0.9, 1.0], [0.0, 0.1], [0.5, 0.501]], bounds=(0.0, 1.0))
    assert result.high[0] == 1.0
    assert result.low[1] == 0.0
    assert result.mean.tolist() == pytest.approx([0.95, 0.05, 0.5005])
    free = estimate([[0.5, 0.501]])
    assert (result.low[2], result.high[2]) == (free.low[0], free.high[0])


@pytest.mark.parametrize("values", [0.5, [0.5, 0.6], [[[0.5]]]], ids=["number", "row", "cube"])
def test_other_than_points_and_repeats_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"shape \(points, repeats\)"):
        estimate(values)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 90.0, float("nan")])
def test_a_level_outside_of_0_to_1_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=f"level {level}"):
        estimate(REPEATS, level=level)
