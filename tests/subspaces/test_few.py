"""Fewer images than values: their products with one another lead to the directions of their covariance."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.subspaces import Moments, Subspace, are_few, few, principal_subspace

ROUNDING = 1e-12  # float64 pixels of order one, in up to 192 dimensions


def natural(count: int, shape: tuple[int, ...] = (8, 8, 3)) -> NDArray[np.uint8]:
    """Images whose neighbouring pixels are alike: variances over four decades."""
    draw = np.random.default_rng(0)
    walks = draw.standard_normal((count, *shape)).cumsum(axis=1).cumsum(axis=2)
    return (128 + 12 * walks).clip(0, 255).round().astype(np.uint8)


def bright() -> NDArray[np.uint8]:
    """Nearly white, so that the square of the mean is 50,000 times the variance of a pixel."""
    return (253 + np.random.default_rng(1).integers(3, size=(40, 10, 10))).astype(np.uint8)


def repeated() -> NDArray[np.uint8]:
    """Nine images, some of them often: eight directions among thirty images."""
    return natural(9)[np.random.default_rng(2).integers(9, size=30)]


CASES: dict[str, Callable[[], NDArray]] = {
    "two": lambda: natural(2),
    "a few": lambda: natural(30),
    "one less than values": lambda: natural(191),
    "bright": bright,
    "repeated": repeated,
    "pixels": lambda: natural(30) / 255,
    "float32": lambda: (natural(30) / 255).astype(np.float32),
    "far from 0": lambda: 1e6 + natural(30) / 255,
}


def by_covariance(images: NDArray) -> Subspace:
    moments = Moments(images[0].size)
    moments.update(images)
    return principal_subspace(moments)


@pytest.mark.parametrize("case", CASES)
def test_they_are_the_directions_of_the_covariance(case: str) -> None:
    """Variances to 1e-10 of their own size, and bands where a gap of the variances lets the covariance tell them.

    Both ways err by some eps of the first variance, 1e-10 of one that is a millionth of it; pixels around 1e6 have lost
    six digits before either way begins.
    """
    images = CASES[case]()
    found, expected = principal_subspace(images), by_covariance(images)
    assert are_few(images)
    assert len(found.directions) == len(expected.directions)
    assert found.null_dimension == expected.null_dimension
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-15)
    np.testing.assert_allclose(found.variances, expected.variances, rtol=1e-10, atol=1e-15 * expected.variances[0])
    gaps = np.flatnonzero(found.variances[:-1] > 1.05 * found.variances[1:]) + 1
    for cut in (*gaps[:: max(1, len(gaps) // 5)], len(found.variances)):
        here, there = (space.directions[:cut] for space in (found, expected))
        np.testing.assert_allclose(here.T @ (here @ there.T), there.T, atol=1e-7 if case == "far from 0" else 1e-9)


@pytest.mark.parametrize("case", CASES)
def test_they_are_orthonormal_and_diagonalise_the_covariance(case: str) -> None:
    images = CASES[case]()
    found = principal_subspace(images)
    rows = images.reshape(len(images), -1).astype(np.float64) / (255 if images.dtype == np.uint8 else 1)
    coordinates = (rows - rows.mean(axis=0)) @ found.directions.T
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(len(found.directions)), atol=ROUNDING)
    covariance = coordinates.T @ coordinates / len(rows)
    tolerance = (1e-8 if case == "far from 0" else ROUNDING) * found.variances[0]
    np.testing.assert_allclose(covariance, np.diag(found.variances), atol=tolerance)
    largest = np.abs(found.directions).argmax(axis=1)
    assert (found.directions[np.arange(len(largest)), largest] > 0).all()
    assert found.directions.flags.c_contiguous


def test_directions_of_tiny_variance_are_orthonormal_too() -> None:
    """Variances fall over eleven decades, nearly to what counts as none.

    Before they are made orthogonal they overlap by 1e-6. The last lies in the images' span to 1e-11: it is a sum of
    images 200,000 times as long as itself.
    """
    draw = np.random.default_rng(0)
    basis, _ = np.linalg.qr(draw.standard_normal((300, 40)))
    images = draw.standard_normal((50, 40)) * np.logspace(0, -5.5, 40) @ basis.T
    found = principal_subspace(images)
    assert len(found.directions) == 40
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(40), atol=ROUNDING)
    np.testing.assert_allclose(found.directions @ basis @ basis.T, found.directions, atol=1e-8)


def test_the_products_of_levels_are_exact_whatever_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = natural(30).reshape(30, -1)
    mean, products = few.products_of(rows)
    order = np.random.default_rng(0).permutation(192)
    monkeypatch.setattr(few, "VALUES", 7)
    again = few.products_of(np.ascontiguousarray(rows[:, order]))
    assert np.array_equal(products, again[1])
    assert np.array_equal(mean[order], again[0])
    moments = Moments(192)
    moments.update(rows)
    assert np.array_equal(mean, moments.mean)


def test_as_many_images_as_values_have_the_bits_of_their_moments() -> None:
    images = natural(192)
    assert not are_few(images)
    found, expected = principal_subspace(images), by_covariance(images)
    assert np.array_equal(found.directions, expected.directions)
    assert np.array_equal(found.variances, expected.variances)


def test_one_band_is_a_view_of_all_directions() -> None:
    space = principal_subspace(natural(30))
    assert np.shares_memory(space.band(3).directions, space.directions)
    assert np.array_equal(space.bands((0, 2), (5, None)).directions, np.delete(space.directions, range(2, 5), axis=0))


def test_images_of_very_many_values_take_the_memory_of_their_directions() -> None:
    """A covariance of 30,000 values would take 7.2 GB; twenty directions take 5 MB."""
    images = natural(21, (100, 100, 3))
    tracemalloc.start()
    found = principal_subspace(images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.directions.shape == (20, 30_000)
    assert peak < 25_000_000
