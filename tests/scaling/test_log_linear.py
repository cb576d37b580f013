"""Points per doubling: exact on lines, and an interval that holds its level."""

import math

import numpy as np
import pytest

from analysis.scaling import points_per_doubling

SIZES = np.array([100, 200, 400, 1_000, 6_400])
REPETITIONS = 2_000
TOLERANCE = 4 * math.sqrt(0.9 * 0.1 / REPETITIONS)  # 2.7 points: passed over by 1 in 16,000 choices of seed


@pytest.mark.parametrize("slope", [0.03, 0.0, -0.02])
def test_a_line_is_recovered_exactly(slope: float) -> None:
    accuracies = 0.4 + slope * np.log2(SIZES)
    doubling = points_per_doubling(np.tile(SIZES, 3), np.tile(accuracies, 3), np.repeat([7, 8, 9], 5))
    assert doubling.slope == pytest.approx(slope, abs=1e-15)
    assert doubling.interval == pytest.approx((slope, slope), abs=1e-15)
    assert doubling.level == 0.9


def test_the_slope_is_that_of_one_line_through_all_observations() -> None:
    rng = np.random.default_rng(0)
    accuracies = rng.uniform(size=20)
    doubling = points_per_doubling(np.tile(SIZES, 4), accuracies, np.repeat(list("abcd"), 5))
    assert doubling.slope == pytest.approx(np.polyfit(np.log2(np.tile(SIZES, 4)), accuracies, 1)[0], abs=1e-14)


def test_one_group_has_a_slope_but_no_interval() -> None:
    doubling = points_per_doubling([1, 2], [0.4, 0.5], [0, 0])
    assert doubling.slope == pytest.approx(0.1)
    assert all(math.isnan(end) for end in doubling.interval)


def test_a_higher_level_gives_a_wider_interval() -> None:
    sizes, accuracies, groups = [1, 2, 1, 2], [0.4, 0.5, 0.4, 0.6], [0, 0, 1, 1]
    (low, high), (lower, higher) = (
        points_per_doubling(sizes, accuracies, groups, level=level).interval for level in (0.9, 0.99)
    )
    assert lower < low < high < higher


@pytest.mark.parametrize("groups", [2, 5])
def test_the_interval_covers_the_slope_as_often_as_it_says(groups: int) -> None:
    """Each curve has a level and a slope of its own, and errors that add up along its nested sizes."""
    rng = np.random.default_rng(groups)
    slope = 0.03
    slopes = slope + 0.005 * rng.standard_normal((REPETITIONS, groups, 1))
    levels = 0.3 + 0.02 * rng.standard_normal((REPETITIONS, groups, 1))
    walks = 0.005 * rng.standard_normal((REPETITIONS, groups, len(SIZES))).cumsum(axis=2)
    accuracies = levels + slopes * np.log2(SIZES / 100) + walks
    names = np.repeat(np.arange(groups), len(SIZES))
    intervals = [points_per_doubling(np.tile(SIZES, groups), curve.ravel(), names).interval for curve in accuracies]
    low, high = np.array(intervals).T
    assert abs(np.mean((low <= slope) & (slope <= high)) - 0.9) <= TOLERANCE
