"""The N: what folds represent of it, and how near they come."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from analysis.theory import NFunction, n_function

ROUNDING = 1e-12


def widest(reach: float, count: int = 6_001) -> np.ndarray:
    return np.linspace(-reach, reach, count)


def test_n_has_slopes_of_size_1_and_its_corners() -> None:
    x = widest(3)
    slopes = np.diff(NFunction()(x)) / np.diff(x)
    np.testing.assert_allclose(np.abs(slopes), 1, atol=1e-9)
    assert NFunction().corners == ((-3, -2), (-0.5, 0.5), (0.5, -0.5), (3, 2))
    np.testing.assert_allclose(NFunction()(-x), -NFunction()(x))


@pytest.mark.parametrize("reach", [0.3, 1.0, 1.5, 1.500001, 3.0])
def test_n_is_representable_where_its_extremes_are_not_at_the_ends_alone(reach: float) -> None:
    """The condition of the theorem, read off the values; where it fails, two folds are N, up to a reflection."""
    n, x = NFunction(reach), widest(reach)
    inside = n(np.array([point for point in (-0.5, 0.5) if abs(point) < reach]))
    assert n.is_representable == (inside.size == 0 or inside.max() >= n(reach))
    assert n.is_representable == bool(np.allclose(n.two_folds(x), n(x), rtol=0, atol=ROUNDING))


def test_two_folds_are_n_on_the_half_line() -> None:
    x = np.linspace(-1.5, 50, 10_001)
    np.testing.assert_allclose(NFunction().two_folds(x), NFunction()(x), atol=ROUNDING)


@pytest.mark.parametrize("reach", [1.5, 2.0, 3.0, 10.0])
def test_no_affine_function_is_nearer_than_the_best(reach: float) -> None:
    n, x = NFunction(reach), widest(reach)
    slope, distance = n.best_affine()
    assert np.abs(n(x) - slope * x).max() == pytest.approx(distance, abs=1e-3 * reach)
    for other in np.linspace(-1, 1, 401):
        assert np.ptp(n(x) - other * x) / 2 >= distance - 1e-3 * reach


def test_two_folds_are_no_nearer_to_n_than_a_line() -> None:
    """On [-3, 3] the enclosure holds 5/7, the distance of the best line."""
    low, high = NFunction().fold_distance(1e-6)
    assert high - low <= 1e-6 + ROUNDING
    assert low <= 5 / 7 <= high
    assert NFunction().best_affine()[1] == 5 / 7


def test_two_folds_reach_n_where_it_is_representable() -> None:
    assert NFunction(1.5).fold_distance(1e-4)[0] == 0
    assert NFunction(1.5).fold_distance(1e-4)[1] <= 1e-4


@pytest.mark.parametrize("reach", [1.7, 2.0, 3.0])
def test_no_composition_of_two_folds_is_nearer_than_the_lower_bound(reach: float) -> None:
    """Every one of a coarse grid of all three weights and shifts, without any of the reductions of the enumeration."""
    n, x = NFunction(reach), widest(reach, 601)
    low, high = n.fold_distance(1e-4)
    shifts = np.linspace(-2 * reach, 2 * reach, 25)
    found = []
    for inner, middle, outer in product((1.0, 0.8), (1.0, -1.0, -0.6), (-1.0, 0.2, 0.5, 1.0)):
        once = np.abs(inner * x + shifts[:, None])
        twice = np.abs(middle * once[:, None] + shifts[:, None])
        found.append(np.ptp(n(x) - outer * twice, axis=-1).min() / 2)
    assert min(found) >= low - ROUNDING - 4 * reach / 600  # extremes may lie between points of the grid
    assert min(found) <= high + 0.25  # and the grid is fine enough to say something


@pytest.mark.parametrize("reach", [0.0, -1.0, np.inf, np.nan])
def test_impossible_intervals_are_refused(reach: float) -> None:
    with pytest.raises(ValueError, match="reach must be positive and finite"):
        NFunction(reach)


def test_impossible_questions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="tolerance must be at least 1e-09, got 0"):
        NFunction().fold_distance(0)
    monkeypatch.setattr(n_function, "MOST_SQUARES", 100)
    with pytest.raises(ValueError, match="tolerance of 1e-05 takes more than 100 squares"):
        NFunction().fold_distance()
    with pytest.raises(ValueError, match=r"from a reach of 1\.5 on, got 1"):
        NFunction(1).best_affine()
    with pytest.raises(ValueError, match=r"from a reach of 1\.5 on, got 1"):
        NFunction(1).one_layer_distance()


@pytest.mark.parametrize("reach", [1.5, 2.0, 3.0])
def test_one_layer_distance_is_the_solution_of_a_linear_programme(reach: float) -> None:
    """Over b + c x + sum of p |x - t| with |c| + sum |p| <= 1, t and x on grids that hold the kinks and the ends."""
    grid = np.unique(np.concatenate((np.linspace(-reach, reach, 25), [-0.5, 0.5])))
    atoms = np.column_stack((grid, np.abs(grid[:, None] - grid)))
    functions = np.column_stack((np.ones_like(grid), -np.ones_like(grid), atoms, -atoms))
    error = np.ones((len(grid), 1))
    n = NFunction(reach)
    target = n(grid)
    weights = np.concatenate(([0, 0], np.ones(2 * atoms.shape[1]), [0]))
    found = linprog(
        np.eye(len(weights))[-1],
        A_ub=np.vstack((np.hstack((functions, -error)), np.hstack((-functions, -error)), weights)),
        b_ub=np.concatenate((target, -target, [1])),
    )
    assert found.fun == pytest.approx(n.one_layer_distance(), abs=1e-9)


def test_one_layer_is_nearer_than_a_line_and_is_not_n() -> None:
    n, x = NFunction(), widest(3)
    distance = n.one_layer_distance()
    nearest = distance * x + (1 - distance) / 2 * (np.abs(x - 0.5) - np.abs(x + 0.5))
    assert distance == 5 / 9
    assert np.abs(n(x) - nearest).max() == pytest.approx(distance, abs=ROUNDING)


@pytest.mark.parametrize("count", [2, 8, 61, 1_000])
@pytest.mark.parametrize(
    ("kinks", "function"),
    [
        ([], lambda x: -0.9 * x + 0.3),
        ([0.123], lambda x: np.abs(x - 0.123)),
        ([-1.04, 0.26, 1.56], lambda x: np.abs(np.abs(x - 0.26) - 1.3)),
    ],
    ids=["line", "fold", "folds"],
)
def test_the_enclosure_holds_the_true_distance(
    count: int, kinks: list[float], function: Callable[[np.ndarray], np.ndarray]
) -> None:
    """The error is linear between kinks of f and of N, so that its largest value is at one of them or at an end."""
    n = NFunction()
    corners = np.array([*kinks, *(x for x, _ in n.corners)])
    true = np.abs(function(corners) - n(corners)).max()
    low, high = n.enclose(function(widest(3, count)))
    assert low - ROUNDING <= true <= high
    assert high - low <= 2 * 6 / (count - 1) + ROUNDING


def test_the_enclosure_is_no_wider_than_its_assumptions() -> None:
    """A function of Lipschitz constant L that climbs away from N between points attains the upper bound."""
    n, width = NFunction(), 6 / 12
    low, high = n.enclose(n(widest(3, 13)), lipschitz=2.0, rounding=0.01)
    assert (low, high) == (0, pytest.approx((2 + 1) * width / 2 + 0.01))


@pytest.mark.parametrize("values", [[1.0], [], 0.0, [[1.0, 2.0]]])
def test_too_few_values_are_refused(values: object) -> None:
    with pytest.raises(ValueError, match=r"values must have shape \(points,\) with at least two"):
        NFunction().enclose(values)  # type: ignore[arg-type]
