"""The mean classifier of two Gaussian classes: its integrals against each other, simulation and their limits."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from analysis.theory import GaussianMixture, simulate
from analysis.theory.linear import linear_error

STANDARD_ERRORS = 4  # of the simulated mean, as in the other simulations
REPEATS = 250
SETTINGS = [(1, 1.0, 0.3), (2, 1.0, 0.3), (3, 2.0, 0.1), (20, 2.5, 0.25), (400, 5.0, 0.4)]


def both(dimension: int, noise: float, radius: float) -> tuple[GaussianMixture, GaussianMixture]:
    """A mixture in l-infinity, and in l2 with the radius that reaches as far towards the other class."""
    linf = GaussianMixture(dimension, 1.0, noise, radius)
    return linf, replace(linf, norm="l2", radius=radius * dimension**0.5)


@pytest.mark.parametrize(("dimension", "noise", "radius"), SETTINGS)
@pytest.mark.parametrize("n", [1, 3, 30])
def test_simulation_meets_the_integrals(dimension: int, noise: float, radius: float, n: int) -> None:
    for model in both(dimension, noise, radius):
        errors = simulate(model, n, repeats=REPEATS, seed=1)
        for simulated, expected in (
            (errors.standard, model.standard_error(n)),
            (errors.robust, model.robust_error(n)),
        ):
            allowed = STANDARD_ERRORS * simulated.std(ddof=1) / REPEATS**0.5
            assert abs(simulated.mean() - expected) <= allowed + 1e-6  # d = 1: rare signs are not drawn in 250


@pytest.mark.parametrize("dimension", [2, 3, 5, 17, 300, 20_000])
@pytest.mark.parametrize("noise", [0.5, 3.0, 12.0])
def test_two_integrals_of_the_standard_error_agree(dimension: int, noise: float) -> None:
    """By the cosine, and by inversion with radius 0: different formulas of the same probability."""
    n = np.array([1, 2, 10, 500, 10**6])
    model = GaussianMixture(dimension, 1.0, noise, radius=0.0)
    np.testing.assert_allclose(model.robust_error(n), model.standard_error(n), atol=1e-9)


@pytest.mark.parametrize(("dimension", "noise", "radius"), SETTINGS)
def test_errors_fall_from_one_half_or_more_to_those_of_the_best_classifier(
    dimension: int, noise: float, radius: float
) -> None:
    n = np.unique(np.geomspace(1, 10**6, 16).astype(int))
    for model in both(dimension, noise, radius):
        assert model.standard_error(0) == model.robust_error(0) == 0.5
        for errors, best in (
            (model.standard_error(n), model.best_standard_error),
            (model.robust_error(n), model.best_robust_error),
        ):
            assert (np.diff(errors) <= 1e-10).all()
            assert errors.min() >= best - 1e-10
            assert errors[-1] == pytest.approx(best, abs=1e-4)
        assert (model.robust_error(n) > model.standard_error(n)).all()


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_no_linear_classifier_beats_the_best_ones(norm: str) -> None:
    """The proof covers all classifiers; here are 2,000 linear ones, and the best itself."""
    model = GaussianMixture(6, 1.0, 1.5, 0.5, norm)
    mean, deviations = np.full(6, 1.0), np.full(6, 1.5)
    directions = 1 + np.random.default_rng(0).standard_normal((2_000, 6)) * np.geomspace(0.01, 3, 2_000)[:, None]
    robust = [linear_error(each, mean, deviations, model.radius, norm) for each in directions]
    standard = [linear_error(each, mean, deviations) for each in directions]
    assert min(robust) >= model.best_robust_error
    assert min(standard) >= model.best_standard_error
    assert linear_error(mean, mean, deviations, model.radius, norm) == pytest.approx(model.best_robust_error)
    assert linear_error(mean, mean, deviations) == pytest.approx(model.best_standard_error)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_the_error_of_a_linear_classifier_is_that_under_its_worst_perturbation(norm: str) -> None:
    model = GaussianMixture(5, 1.0, 2.0, 0.4, norm)
    weights = np.array([2.0, 1.0, -0.5, 0.0, 1.5])
    points, labels = model.sample(40_000, seed=3)
    worst = weights / np.linalg.norm(weights) if norm == "l2" else np.sign(weights)
    wrong = labels * ((points - model.radius * labels[:, None] * worst) @ weights) < 0
    expected = linear_error(weights, np.full(5, 1.0), np.full(5, 2.0), model.radius, norm)
    assert abs(wrong.mean() - expected) <= STANDARD_ERRORS * (expected * (1 - expected) / 40_000) ** 0.5
    others = np.random.default_rng(0).standard_normal((200, 5))
    others *= model.radius / np.linalg.norm(others, ord=2 if norm == "l2" else np.inf, axis=1, keepdims=True)
    assert (others @ weights >= -model.radius * worst @ weights - 1e-12).all()


def test_in_one_dimension_the_mean_points_the_right_way_or_the_wrong_one() -> None:
    model = GaussianMixture(1, 1.0, 2.0, 0.25)
    right = ndtr(3 / 2)
    expected = right * ndtr(-0.75 / 2) + (1 - right) * ndtr(1.25 / 2)
    assert model.robust_error(9) == pytest.approx(expected, rel=1e-12)
    assert replace(model, norm="l2").robust_error(9) == model.robust_error(9)


@pytest.mark.parametrize(("robust", "error"), [(True, 0.3), (True, 0.05), (False, 0.05), (False, 0.01)])
def test_samples_needed_is_the_smallest_number(robust: bool, error: float) -> None:
    for model in both(300, 4.0, 0.3):
        n = model.samples_needed(error, robust=robust)
        expected = model.robust_error if robust else model.standard_error
        assert expected(n) <= error < expected(n - 1)
        assert model.samples_needed(0.7, robust=robust) == 0


def test_robustness_takes_more_data_by_a_factor_that_grows_with_dimension_and_radius() -> None:
    """With noise d^(1/4) accuracy takes six or seven samples in all dimensions, robustness about r^2 sqrt(d)."""

    def needed(dimension: int, radius: float, *, robust: bool) -> int:
        return GaussianMixture(dimension, 1.0, dimension**0.25, radius).samples_needed(0.01, robust=robust)

    assert {needed(dimension, 0.25, robust=False) for dimension in (10**3, 10**4, 10**5, 10**6)} <= {6, 7}
    many = np.array([needed(dimension, 0.5, robust=True) for dimension in (10**6, 10**8, 10**10)])
    growth = many[1:] / many[:-1]  # sqrt(100) = 10 in the limit
    assert (growth > 5).all()
    assert (growth < 10).all()
    assert growth[1] > growth[0]
    radii = [needed(10**10, radius, robust=True) for radius in (0.05, 0.1, 0.2)]
    assert radii[0] < radii[1] < radii[2]
    assert radii[2] / radii[1] == pytest.approx(4, rel=0.15)  # r squared, while r is small


def test_a_seed_decides_the_sample() -> None:
    model = GaussianMixture(7)
    points, labels = model.sample(50, seed=3)
    np.testing.assert_array_equal(points, model.sample(50, seed=3)[0])
    assert (points != model.sample(50, seed=4)[0]).any()
    assert (points.shape, labels.shape, set(labels.tolist())) == ((50, 7), (50,), {-1, 1})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"dimension": 0}, "dimension 0"),
        ({"dimension": 1.5}, "dimension 1.5"),
        ({"signal": 0.0}, "signal 0.0"),
        ({"noise": float("nan")}, "noise nan"),
        ({"norm": "l1"}, "norm 'l1' is unknown: there are l2, linf"),
        ({"radius": 1.0}, "radius 1.0 is not from 0 to less than 1"),
        ({"radius": -0.1}, "radius -0.1"),
        ({"radius": 10.0, "norm": "l2"}, "radius 10.0 is not from 0 to less than 10"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        GaussianMixture(**changes)


def test_errors_below_the_best_are_refused() -> None:
    with pytest.raises(ValueError, match=r"0.001 is never reached: the best classifier has 0.00621"):
        GaussianMixture().samples_needed(0.001)
    with pytest.raises(ValueError, match="whole number"):
        GaussianMixture().robust_error(1.5)
