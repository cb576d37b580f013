"""Simulated errors meet the closed forms.

A comparison allows four standard errors of the simulated mean: were it normal and the seed free, it would
fail once in 16,000 times. The seeds are fixed, so a test that passes goes on passing.
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from analysis.theory import HiddenBit, nearest_error, simulate
from analysis.theory.cube import corner_points
from analysis.theory.hidden_bit_learners import LEARNERS

STANDARD_ERRORS = 4
CASES = [(1, 1), (2, 3), (4, 8), (4, 32), (6, 64), (8, 16), (8, 300), (10, 1_000)]


def assert_mean(errors: NDArray[np.float64], expected: float) -> None:
    allowed = STANDARD_ERRORS * errors.std(ddof=1) / np.sqrt(len(errors))
    assert abs(errors.mean() - expected) <= allowed + 1e-12


@pytest.mark.parametrize(("dimension", "n"), CASES)
def test_table_meets_its_closed_form(dimension: int, n: int) -> None:
    model = HiddenBit(dimension)
    errors = simulate(model, n, learner="table", repeats=400, seed=1)
    assert_mean(errors.standard, model.standard_error(n, "table"))
    assert_mean(errors.robust, model.robust_error(n))


@pytest.mark.parametrize("radius", [0.1, 0.3])
@pytest.mark.parametrize(("dimension", "n"), [(1, 0), (1, 2), (4, 0), (4, 1), (8, 5)])
def test_coordinate_meets_its_closed_form(dimension: int, n: int, radius: float) -> None:
    model = HiddenBit(dimension, nuisance=0.1, radius=radius)
    errors = simulate(model, n, learner="coordinate", repeats=400, seed=2)
    assert_mean(errors.standard, model.standard_error(n, "coordinate"))
    assert_mean(errors.robust, model.robust_error(n, "coordinate"))


@pytest.mark.parametrize(("dimension", "n"), CASES)
def test_nearest_neighbour_meets_its_closed_form(dimension: int, n: int) -> None:
    errors = simulate(HiddenBit(dimension), n, learner="nearest", repeats=400, seed=3)
    assert_mean(errors.standard, nearest_error(HiddenBit(dimension), n))


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize(("dimension", "n"), CASES)
def test_no_learner_is_more_robust_than_the_smallest_error(dimension: int, n: int, learner: str) -> None:
    for radius in (0.1, 0.5):
        model = HiddenBit(dimension, nuisance=0.1, radius=radius)
        errors = simulate(model, n, learner=learner, repeats=100, seed=4).robust
        assert errors.mean() >= model.robust_error(n) - STANDARD_ERRORS * errors.std(ddof=1) / 10 - 1e-12


@pytest.mark.parametrize("last", [-0.4, -0.2, 0.0, 0.2, 0.4])
def test_nearest_agrees_with_distances_in_space(last: float) -> None:
    """Against scipy's tree on the sampled points; ties between labels are answered +1."""
    model = HiddenBit(dimension=6, nuisance=0.2, radius=0.6)
    points, labels = model.sample(9, seed=5)
    known = np.zeros(64, dtype=np.int64)
    known[model.corners(9, seed=5)] = labels
    queries = np.column_stack([corner_points(np.arange(64), 6), np.full(64, last)])
    positive, negative = (cKDTree(points[labels == label]).query(queries)[0] for label in (1, -1))
    answers = LEARNERS["nearest"](known, 0.2)(np.full(64, last))
    np.testing.assert_array_equal(answers, np.where(positive <= negative + 1e-9, 1, -1))


def test_without_samples_every_learner_answers_plus_one() -> None:
    model = HiddenBit(dimension=5)
    unlearned = [simulate(model, 0, learner=learner, repeats=5) for learner in LEARNERS]
    for errors in unlearned:
        np.testing.assert_array_equal(errors.standard, unlearned[0].standard)
        np.testing.assert_array_equal(errors.robust, errors.standard)


def test_a_seed_decides_the_simulation_and_more_repeats_only_add() -> None:
    few, many = (simulate(HiddenBit(5), 20, repeats=repeats, seed=6).robust for repeats in (4, 9))
    np.testing.assert_array_equal(few, many[:4])
    assert len(np.unique(many)) > 1
    assert (simulate(HiddenBit(5), 20, repeats=4, seed=7).robust != few).any()


def test_what_cannot_be_simulated_says_so() -> None:
    with pytest.raises(ValueError, match=r"'forest'.*table, coordinate, nearest, signed, linear"):
        simulate(HiddenBit(), 1, learner="forest")
    with pytest.raises(ValueError, match="repeats 0"):
        simulate(HiddenBit(), 1, repeats=0)
    with pytest.raises(ValueError, match="seed -1"):
        simulate(HiddenBit(), 1, seed=-1)
    with pytest.raises(ValueError, match="n -1"):
        simulate(HiddenBit(), -1)
    with pytest.raises(ValueError, match="dimension 40"):
        simulate(HiddenBit(dimension=40), 1)
