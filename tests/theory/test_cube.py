"""Corners and their numbers are the same thing, and distances count differing signs."""

import numpy as np
import pytest

from analysis.theory.cube import corner_distances, corner_numbers, corner_points


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_numbers_and_points_are_inverse(dimension: int) -> None:
    numbers = np.arange(2**dimension)
    points = corner_points(numbers, dimension)
    np.testing.assert_array_equal(corner_numbers(points), numbers)
    assert len(np.unique(points, axis=0)) == 2**dimension
    assert set(points.ravel()) == {-1.0, 1.0}


@pytest.mark.parametrize("dimension", [1, 3, 6])
def test_distances_agree_with_every_pair(dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    points = corner_points(np.arange(2**dimension), dimension)
    differing = (points[:, None] != points).sum(axis=2)
    for count in (1, 2, 2**dimension):
        marked = np.zeros(2**dimension, dtype=bool)
        marked[rng.choice(2**dimension, size=min(count, 2**dimension), replace=False)] = True
        np.testing.assert_array_equal(corner_distances(marked), differing[:, marked].min(axis=1))


def test_without_a_marked_corner_the_distance_is_infinite() -> None:
    assert np.isinf(corner_distances(np.zeros(8, dtype=bool))).all()
