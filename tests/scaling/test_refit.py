"""Refits of many curves together end where scipy ends with each, wherever they start."""

import numpy as np
import pytest

from analysis.scaling.law import Curve, Law
from analysis.scaling.laws import LAWS
from analysis.scaling.refit import refit
from analysis.scaling.regression import at_bounds, regress
from benchmarks.scaling import CHANCE, SIZES, synthetic

SCALE = 0.03
every_law = pytest.mark.parametrize("name", LAWS)


def cost(law: Law, at: np.ndarray, errors: np.ndarray) -> float:
    squares = (law.value(at, SIZES) - law.observed(errors)) ** 2 / SCALE**2
    return float((np.sqrt(1 + squares) - 1).sum())


def noisy(name: str, count: int, chance: float | None = CHANCE) -> tuple[Law, np.ndarray, np.ndarray]:
    """A law, its estimate from a synthetic curve, and curves that might have been observed instead."""
    drawn = synthetic(name, 10_001)
    means = drawn.errors.mean(axis=1)
    law = LAWS[name](Curve(SIZES, means, chance))
    factors = np.exp(SCALE * np.random.default_rng(0).standard_normal((count, len(SIZES))))
    return law, regress(law, SIZES, means, SCALE), np.minimum(means * factors, 0.99)


@every_law
@pytest.mark.parametrize("chance", [None, CHANCE])
def test_no_start_of_scipy_finds_less(name: str, chance: float | None) -> None:
    """Robust costs of 12 curves, against the best of four starts of trf; that one ends at a relative change of 1e-6."""
    law, at, curves = noisy(name, 12, chance)
    found = refit(law, SIZES, curves, np.full(12, SCALE), at)
    for one, errors in zip(found, curves, strict=True):
        assert cost(law, one, errors) <= cost(law, regress(law, SIZES, errors, SCALE), errors) * (1 + 1e-4)


def test_a_start_at_a_bound_is_left() -> None:
    """Started where the floor is 0, curves whose floor is not 0 must not stay there."""
    errors = (0.05 + 2.0 * SIZES**-0.4) * np.exp(0.02 * np.random.default_rng(1).standard_normal((6, 8)))
    law = LAWS["M2"](Curve(SIZES, errors[0]))
    start = np.array([np.log(0.2), 0.3, 0.0])
    assert at_bounds(law, start) == ("c",)
    found = refit(law, SIZES, errors, np.full(6, SCALE), start)
    for one, curve in zip(found, errors, strict=True):
        np.testing.assert_allclose(one, regress(law, SIZES, curve, SCALE), atol=1e-4)
    assert found[:, 2].min() > 0.01


def test_bounds_are_kept() -> None:
    """Errors that fall ever faster want a floor below 0."""
    bent = 0.5 * SIZES**-0.1 * np.exp(-0.02 * np.log(SIZES / 100) ** 2)
    law = LAWS["M2"](Curve(SIZES, bent))
    (found,) = refit(law, SIZES, bent[None], np.array([SCALE]), np.array([np.log(0.2), 0.3, 0.03]))
    assert found[2] == 0.0
    np.testing.assert_allclose(found, regress(law, SIZES, bent, SCALE), atol=1e-4)


def test_curves_do_not_touch_each_other() -> None:
    law, at, curves = noisy("M4", 5)
    scales = np.linspace(0.02, 0.1, 5)
    together = refit(law, SIZES, curves, scales, at)
    for index in range(5):
        (alone,) = refit(law, SIZES, curves[[index]], scales[[index]], at)
        np.testing.assert_allclose(together[index], alone, rtol=1e-9)


@every_law
def test_what_was_not_measured_does_not_count(name: str) -> None:
    law, at, curves = noisy(name, 2)
    holes = curves.copy()
    holes[:, [1, 4]] = np.nan
    measured = np.delete(np.arange(8), [1, 4])
    found = refit(law, SIZES, holes, np.full(2, SCALE), at)
    expected = refit(law, SIZES[measured], curves[:, measured], np.full(2, SCALE), at)
    np.testing.assert_allclose(law.value(found, SIZES), law.value(expected, SIZES), atol=1e-5)


def test_no_curves_have_no_coordinates() -> None:
    law, at, _ = noisy("M4", 1)
    assert refit(law, SIZES, np.empty((0, 8)), np.empty(0), at).shape == (0, 4)
