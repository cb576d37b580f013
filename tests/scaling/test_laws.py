"""Each law is what its formula says, its slopes are derivatives, and it can be turned round."""

import numpy as np
import pytest

from analysis.scaling.law import Curve, Law
from analysis.scaling.laws import LAWS

SIZES = 100.0 * 2 ** np.arange(8)
every_law = pytest.mark.parametrize("name", LAWS)


def law(name: str, chance: float | None = None) -> Law:
    return LAWS[name](Curve(SIZES, 0.6 * (SIZES / 100) ** -0.4, chance))


def places(one: Law) -> np.ndarray:
    """Coordinates inside their range, away from its ends."""
    return one.starts()[0] + 0.01


@every_law
def test_the_parameters_satisfy_the_formula(name: str) -> None:
    one = law(name)
    at = places(one)
    error, found = one.error(one.value(at, SIZES)), one.parameters(at)
    p = {key: float(value) for key, value in found.items()}
    if name == "log-linear":
        np.testing.assert_allclose(1 - error, p["p"] + p["q"] * np.log2(SIZES), rtol=1e-12)
    elif name == "M4":
        np.testing.assert_allclose((error - p["c"]) / (p["e0"] - error) ** p["k"], p["a"] * SIZES ** -p["b"], rtol=1e-9)
    else:
        np.testing.assert_allclose(error, p.get("c", 0) + p["a"] * (SIZES + p.get("m", 0)) ** -p["b"], rtol=1e-12)


@every_law
@pytest.mark.parametrize("chance", [None, 0.9])
def test_slopes_are_derivatives(name: str, chance: float | None) -> None:
    """Central differences of step h err by h^2 times a third derivative of order 1, and by eps / h."""
    one, step = law(name, chance), 1e-5
    at = places(one)
    for index in range(len(at)):
        moved = np.eye(len(at))[index] * step
        difference = (one.value(at + moved, SIZES) - one.value(at - moved, SIZES)) / (2 * step)
        np.testing.assert_allclose(one.slopes(at, SIZES)[:, index], difference, rtol=1e-6, atol=1e-8)


@every_law
def test_the_size_at_an_error_has_that_error(name: str) -> None:
    one = law(name)
    at = places(one)
    target = float(one.error(one.value(at, np.array([777.0])))[0])
    assert one.sizes_at(at, target) == pytest.approx(777, rel=1e-9)


@every_law
def test_many_coordinates_at_once_are_as_one_after_the_other(name: str) -> None:
    one = law(name)
    many = np.stack([places(one), places(one) * 1.01, places(one) * 1.02])
    values = one.value(many, SIZES)
    for row, at in zip(values, many, strict=True):
        np.testing.assert_allclose(row, one.value(at, SIZES), rtol=1e-12)
    for table, at in zip(one.slopes(many, SIZES), many, strict=True):
        np.testing.assert_allclose(table, one.slopes(at, SIZES), rtol=1e-12)
    assert one.sizes_at(many, 0.2).shape == (3,)


def test_m4_saturates_at_chance_and_ends_at_its_floor() -> None:
    one = law("M4", chance=0.9)
    at = np.array([0.0, 0.5, 0.05, 1.5])
    ends = one.error(one.value(at, np.array([1e-20, 1e30])))
    np.testing.assert_allclose(ends, [0.9, 0.05], rtol=1e-6)
    assert one.sizes_at(at, 0.9) == 0
    assert one.sizes_at(at, 0.05) == np.inf


@pytest.mark.parametrize("sharpness", [0.1, 0.5, 1.0, 2.0, 5.0])
def test_m4_is_solved_far_from_where_it_starts(sharpness: float) -> None:
    """Over 60 orders of magnitude of n: Newton's method neither overshoots nor stalls."""
    one = law("M4", chance=0.9)
    at, sizes = np.array([0.3, 0.7, 0.02, sharpness]), np.logspace(-30, 30, 121)
    errors, p = one.error(one.value(at, sizes)), one.parameters(at)
    assert (np.diff(errors) <= 0).all()
    inside = (errors > 0.02 + 1e-6) & (errors < 0.9 - 1e-6)  # elsewhere the differences below have lost their digits
    sizes, errors = sizes[inside], errors[inside]
    assert len(sizes) > 5
    left = np.log(errors - p["c"]) - sharpness * np.log(0.9 - errors)
    np.testing.assert_allclose(left, np.log(p["a"]) - p["b"] * np.log(sizes), atol=1e-8)


def test_below_the_floor_is_never_reached() -> None:
    for name in ("M2", "M3"):
        one = law(name)
        at = np.array([np.log(0.2), 0.4, 0.05, *([1.0] if name == "M3" else [])])
        assert one.sizes_at(at, 0.05) == np.inf
        assert np.isfinite(one.sizes_at(at, 0.051))


def test_a_head_start_can_be_enough() -> None:
    """M3 has an error for no sample at all: what is above it needs none."""
    assert law("M3").sizes_at(np.array([np.log(0.2), 0.4, 0.0, 3.0]), 0.999) == 0


@pytest.mark.parametrize("name", ["M2", "M3", "M4"])
def test_without_a_floor_errors_fall_to_nothing(name: str) -> None:
    one = law(name, 0.9)
    at = places(one)
    at[1:3] = 5.0, 0.0  # exponent and floor
    error = one.error(one.value(at, np.array([1e70, 1e300])))
    assert (error >= 0).all()
    assert (error < 1e-300).all()
