"""Easy accuracy: learners of the hidden bit keep to their bounds, and single training sets to theirs.

Simulated means may differ from what they are compared with by four standard errors, as in the other simulations.
"""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.optimize import linprog, nnls
from scipy.stats import binom

from analysis.theory import (
    HiddenBit,
    linear_error_bound,
    nearest_error,
    robust_error_range,
    signed_error_bound,
    simulate,
)
from analysis.theory.cube import corner_points
from analysis.theory.hidden_bit_learners import shortest
from analysis.theory.occupancy import LARGEST_COUNT, mean_over_distinct

STANDARD_ERRORS = 4
REPEATS = 150


@pytest.mark.parametrize(("dimension", "n"), [(1, 0), (1, 4), (2, 3), (3, 4), (2, 6)])
def test_distinct_corners_are_counted_as_by_enumeration(dimension: int, n: int) -> None:
    distinct = [len(set(seen)) for seen in product(range(2**dimension), repeat=n)]
    mean = mean_over_distinct(lambda d: 1 / (1 + d), dimension, np.array([float(n)]))
    assert mean == pytest.approx(np.mean([1 / (1 + each) for each in distinct]), rel=1e-12)


@pytest.mark.parametrize("dimension", [4, 7, 10])
def test_half_to_the_distinct_corners_is_the_chance_of_a_random_half(dimension: int) -> None:
    """2^-D is the probability that a random half of the corners contains the samples."""
    n, halves = np.arange(30.0), np.arange(2**dimension + 1)
    chance = binom.pmf(halves, 2**dimension, 0.5)
    expected = (halves[:, None] / 2**dimension) ** n
    np.testing.assert_allclose(mean_over_distinct(lambda d: 2.0**-d, dimension, n), chance @ expected, rtol=1e-10)


@pytest.mark.parametrize("bound", [signed_error_bound, linear_error_bound])
def test_bounds_start_at_one_half_and_fall(bound) -> None:
    for dimension in (1, 5, 30, 300):
        errors = bound(HiddenBit(dimension), np.arange(700))
        assert errors[0] == 0.5
        assert (np.diff(errors) <= 0).all()
        assert bound(HiddenBit(dimension), 10 * LARGEST_COUNT) == bound(HiddenBit(dimension), LARGEST_COUNT)


@pytest.mark.parametrize(("learner", "bound"), [("signed", signed_error_bound), ("linear", linear_error_bound)])
@pytest.mark.parametrize(("dimension", "n"), [(3, 3), (3, 8), (5, 4), (5, 10), (5, 25), (8, 6), (8, 16), (8, 40)])
def test_learners_keep_to_their_bounds(learner: str, bound, dimension: int, n: int) -> None:
    model = HiddenBit(dimension)
    errors = simulate(model, n, learner=learner, repeats=REPEATS, seed=1).standard
    assert errors.mean() <= bound(model, n) + STANDARD_ERRORS * errors.std(ddof=1) / REPEATS**0.5 + 1e-12


def test_the_sharper_bound_of_signed_coordinates_is_below_the_simple_one() -> None:
    for dimension in (3, 10):
        n = np.arange(1, 60)
        simple = dimension * mean_over_distinct(lambda d: 2.0**-d, dimension, n.astype(float))
        assert (signed_error_bound(HiddenBit(dimension), n) <= simple).all()


@pytest.mark.parametrize("dimension", [10, 100, 1000])
def test_signed_coordinates_need_logarithmically_many_samples(dimension: int) -> None:
    """Where corners hardly repeat, log2 d + log2(1 / e) samples reach error e, but for 5 % of repeats in d = 10."""
    for error in (0.1, 0.01):
        n = int(np.ceil(np.log2(dimension) + np.log2(1 / error)))
        assert signed_error_bound(HiddenBit(dimension), n) <= 1.05 * error


def test_the_bound_of_signed_coordinates_is_not_far_from_the_truth() -> None:
    """Ties go against the nuisance, so that only the union bound is lost: 20 % at n = 8."""
    errors = simulate(HiddenBit(8), 8, learner="signed", repeats=3_000, seed=3).standard
    assert errors.mean() >= 0.6 * signed_error_bound(HiddenBit(8), 8)


@pytest.mark.parametrize("dimension", [2, 3])
def test_no_more_labellings_are_separable_than_counted(dimension: int) -> None:
    """All labellings of all sets of corners; one vector of each pair z, -z is in general position for d <= 3."""
    corners = corner_points(np.arange(2**dimension), dimension)
    for size in range(1, 2**dimension + 1):
        chosen = corners[:size]
        labels = np.array(list(product([-1.0, 1.0], repeat=size)))
        separable = sum(
            linprog(np.zeros(dimension), -y[:, None] * chosen, -np.ones(size), bounds=(None, None)).success
            for y in labels
        )
        counted = min(2**size, 2 * sum(comb(size - 1, j) for j in range(dimension)))
        assert separable <= counted
        if size <= 2 ** (dimension - 1):  # without antipodes
            assert separable == counted


@pytest.mark.parametrize("nuisance", [0.05, 0.5])
def test_the_shortest_vector_is_optimal(nuisance: float) -> None:
    """It keeps the margins, and is a combination of active rows with weights of at least 0, which proves it."""
    for seed in range(30):
        points, labels = HiddenBit(5, nuisance, nuisance).sample(7, seed)
        rows = labels[:, None] * points
        weights = shortest(rows)
        margins = rows @ weights
        assert margins.min() >= 1 - 1e-8
        assert nnls(rows[margins < 1 + 1e-6].T, weights)[1] <= 1e-8 * np.linalg.norm(weights)


def test_a_linear_learner_is_exact_once_corners_are_not_separable() -> None:
    for seed in range(20):
        standard, robust = HiddenBit(4).run(60, "linear", seed)
        assert standard == 0
        assert robust > 0.2


@pytest.mark.parametrize(("dimension", "n"), [(1, 2), (2, 1), (2, 3)])
def test_nearest_neighbour_errs_as_by_enumeration(dimension: int, n: int) -> None:
    places = 2**dimension
    corners = corner_points(np.arange(places), dimension)
    apart = (corners[:, None] != corners).sum(axis=2)
    errors = []
    for seen in product(range(places), repeat=n):
        nearest = apart[:, sorted(set(seen))].min(axis=1)
        among = (apart[:, sorted(set(seen))] == nearest[:, None]).sum(axis=1)
        errors.append(np.where(nearest == 0, 0, 2.0**-among).mean())
    assert nearest_error(HiddenBit(dimension), n) == pytest.approx(np.mean(errors), rel=1e-12)


@pytest.mark.parametrize("dimension", [6, 10, 14])
def test_nearest_neighbour_needs_exponentially_many_samples(dimension: int) -> None:
    """The bound of the proof, and of its corollary with a = 1/4, at every n up to half the cube."""
    shells = binom.cdf(np.arange(dimension + 1), dimension, 0.5)
    for n in np.unique(np.geomspace(2, 2 ** (dimension - 1), 25).astype(int)):
        h = int(np.argmax(n * shells >= 1))
        seen = n / 2**dimension
        if h >= 1:
            floor = (1 - np.exp(-1) - seen) * 4.0 ** (-(dimension - h + 1) / h) / 2
            assert nearest_error(HiddenBit(dimension), int(n)) >= floor
    entropy = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    n = int(2 ** ((1 - entropy) * dimension))
    assert nearest_error(HiddenBit(dimension), n) >= (1 - np.exp(-1) - n / 2**dimension) / 4**4 / 2


def test_nearest_neighbour_is_less_accurate_than_a_linear_learner_by_far() -> None:
    model = HiddenBit(16)
    assert linear_error_bound(model, 64) < 1e-3
    assert signed_error_bound(model, 64) < 1e-15
    assert nearest_error(model, 64) > 0.3
    assert nearest_error(model, 4_096) > 0.2


def test_what_has_no_closed_form_says_so() -> None:
    with pytest.raises(ValueError, match="dimension 21"):
        nearest_error(HiddenBit(21), 3)
    with pytest.raises(ValueError, match="whole number"):
        signed_error_bound(HiddenBit(), -1)
    for probability in (0, 1, float("nan")):
        with pytest.raises(ValueError, match=f"probability {probability}"):
            robust_error_range(HiddenBit(), 1, probability)


@pytest.mark.parametrize(("dimension", "n"), [(4, 8), (8, 100), (10, 2_000)])
def test_single_training_sets_keep_to_their_range(dimension: int, n: int) -> None:
    """Of 400 at most the promised share lies outside, with four standard errors of that share."""
    model, probability = HiddenBit(dimension), 0.8
    low, high = robust_error_range(model, n, probability)
    assert 0 <= low < model.robust_error(n) < high <= 1
    allowed = 1 - probability + STANDARD_ERRORS * np.sqrt(probability * (1 - probability) / 400)
    table = simulate(model, n, learner="table", repeats=400, seed=8).robust
    assert (table > high).mean() <= allowed
    for learner in ("table", "nearest", "coordinate"):
        assert (simulate(model, n, learner=learner, repeats=400, seed=8).robust < low).mean() <= allowed


@pytest.mark.parametrize("n", [0, 1, 3])
def test_the_range_holds_exactly_for_the_smallest_cube(n: int) -> None:
    """All worlds, corners and coins of d = 1: no answers at the unseen corners are wrong less often."""
    for probability in (0.3, 0.6, 0.9, 0.99):
        low, high = robust_error_range(HiddenBit(1), n, probability)
        errors = [
            sum(coin for z, coin in enumerate(coins) if z not in seen) / 2
            for seen in product(range(2), repeat=n)
            for coins in product([0, 1], repeat=2)
        ]
        assert np.mean(np.array(errors) < low) <= 1 - probability
        assert np.mean(np.array(errors) > high) <= 1 - probability


def test_ranges_close_as_the_dimension_grows() -> None:
    widths = {d: np.subtract(*robust_error_range(HiddenBit(d), 2**d)[::-1]) for d in (10, 14, 30)}
    for dimension, width in widths.items():
        assert width * 2 ** (dimension / 2) == pytest.approx(widths[10] * 2**5, rel=1e-9)
