"""Ends of intervals hold the level for one more draw, which quantiles of the draws do not."""

import numpy as np
import pytest

from analysis.scaling.ranks import between


@pytest.mark.parametrize(("count", "level", "low", "high"), [(19, 0.9, 1, 19), (100, 0.9, 5, 96), (199, 0.9, 10, 190)])
def test_the_ranks_are_those_of_the_formula(count: int, level: float, low: int, high: int) -> None:
    shuffled = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))
    assert between(shuffled, level) == (low, high)


@pytest.mark.parametrize("count", [20, 100, 199])
def test_one_more_draw_falls_inside_as_often_as_the_level_says(count: int) -> None:
    """At least 0.9, and at most the two ranks that are made whole more: 2 / (R + 1); 4 standard errors of 20,000."""
    draws = np.random.default_rng(count).exponential(size=(count + 1, 20_000))
    low, high = between(draws[:-1], 0.9)
    inside = np.mean((low <= draws[-1]) & (draws[-1] <= high))
    allowed = 4 * np.sqrt(0.9 * 0.1 / 20_000)
    assert 0.9 - allowed <= inside <= 0.9 + 2 / (count + 1) + allowed


def test_an_end_may_be_infinite() -> None:
    draws = np.array([3.0, np.inf, 1.0, 2.0])
    assert between(draws, 0.5) == (1.0, np.inf)
    assert between(np.full(5, np.inf), 0.9) == (np.inf, np.inf)


def test_too_few_draws_give_the_outermost() -> None:
    assert between(np.array([2.0, 1.0, 3.0]), 0.99) == (1.0, 3.0)
    assert between(np.array([2.0]), 0.9) == (2.0, 2.0)


def test_every_column_by_itself() -> None:
    table = np.random.default_rng(1).normal(size=(50, 2, 3))
    low, high = between(table, 0.8)
    assert low.shape == high.shape == (2, 3)
    assert (low[1, 2], high[1, 2]) == between(table[:, 1, 2], 0.8)


@pytest.mark.parametrize("level", [0.0, 1.0, 90.0, float("nan")])
def test_a_level_is_a_probability(level: float) -> None:
    with pytest.raises(ValueError, match=f"level {level}"):
        between(np.arange(5.0), level)
