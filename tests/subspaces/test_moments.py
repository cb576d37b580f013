"""Moments are exact for levels, whatever the chunks, their order and the tree of merges."""

import math
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.subspaces import Moments

EPS = 2.0**-52
RANDOM = st.randoms(use_true_random=False)
SEED = st.integers(0, 2**32 - 1)
LEVELS = np.random.default_rng(0).integers(256, size=(30, 3, 4), dtype=np.uint8)
PIXELS = LEVELS / 255


def moments(*chunks: NDArray) -> Moments:
    result = Moments(math.prod(chunks[0].shape[1:]))
    for chunk in chunks:
        result.update(chunk)
    return result


def merged_at_random(images: NDArray, random: Random) -> Moments:
    """Moments of the images in a random order, cut into random chunks, merged along a random tree."""
    order = random.sample(range(len(images)), len(images))
    cuts = sorted(random.choices(range(len(images) + 1), k=random.randrange(8)))
    parts = [moments(images[order][a:b]) for a, b in zip([0, *cuts], [*cuts, len(images)], strict=True)]
    while len(parts) > 1:
        other = parts.pop(random.randrange(len(parts)))
        parts[random.randrange(len(parts))].merge(other)
    return parts[0]


def exact_covariance(levels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The covariance in Python's integers, rounded once, by the final division."""
    rows = levels.reshape(len(levels), -1).astype(object)
    sums = rows.sum(axis=0)
    scatter = len(rows) * (rows.T @ rows) - np.outer(sums, sums)
    return (scatter / (len(rows) ** 2 * 255**2)).astype(np.float64)


def assert_exact(levels: NDArray[np.uint8]) -> None:
    """Few roundings remain, none amplified by the background.

    A pixel whose mean is off the nearest integer by r <= 1/2 varies by at least r (1 - r) >= r^2, so subtracting the
    remaining means cancels at most one bit: each entry is right to a few eps times both standard deviations.
    """
    expected = exact_covariance(levels)
    deviations = np.sqrt(np.diag(expected))
    error = np.abs(moments(levels).covariance - expected)
    assert (error <= 8 * EPS * np.outer(deviations, deviations)).all()


@given(SEED, st.integers(1, 40), RANDOM)
def test_moments_of_levels_do_not_depend_on_chunks_order_or_merges(seed: int, count: int, random: Random) -> None:
    images = np.random.default_rng(seed).integers(256, size=(count, 3, 2), dtype=np.uint8)
    whole, merged = moments(images), merged_at_random(images, random)
    assert merged.count == count
    assert np.array_equal(merged.mean, whole.mean)
    assert np.array_equal(merged.covariance, whole.covariance)


@given(SEED, st.integers(1, 40), RANDOM)
def test_moments_of_floats_depend_on_chunks_by_rounding_only(seed: int, count: int, random: Random) -> None:
    """1e-12: forty values around 100 are added with errors of some eps times 100 each, and have a variance of 1."""
    images = 100 + np.random.default_rng(seed).standard_normal((count, 6))
    whole, merged = moments(images), merged_at_random(images, random)
    assert merged.count == count
    np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-12)
    scale = max(whole.covariance.diagonal().max(), 1.0)
    np.testing.assert_allclose(merged.covariance, whole.covariance, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("rows", [1, 7, 30])
def test_the_size_of_a_product_does_not_show(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    expected = moments(LEVELS).covariance
    monkeypatch.setattr("analysis.subspaces.moments.ROWS", rows)
    assert np.array_equal(moments(LEVELS).covariance, expected)
    np.testing.assert_allclose(moments(PIXELS).covariance, expected, rtol=0, atol=1e-15)


@given(SEED, st.integers(1, 50), st.integers(1, 256))
def test_levels_have_the_covariance_of_integer_arithmetic(seed: int, count: int, levels: int) -> None:
    draw = np.random.default_rng(seed)
    assert_exact(draw.integers(256 - levels, 256, size=(count, 5), dtype=np.uint8))


@pytest.mark.parametrize("background", [0, 128, 255])
@pytest.mark.parametrize("others", [1, 3, 1_000])
def test_a_bright_background_costs_no_digits(background: int, others: int) -> None:
    """All levels equal but for a few: the variance is 1e-4 of a level where the squares are 65,025."""
    images = np.full((10_000, 4), background, dtype=np.uint8)
    images[:others, 1] ^= 1
    images[-others:, 2] ^= 128
    assert_exact(images)
    share = others / len(images)
    expected = share * (1 - share) / 255**2
    assert moments(images).covariance[1, 1] == pytest.approx(expected, rel=8 * EPS)


@pytest.mark.parametrize("images", [LEVELS, PIXELS, PIXELS.astype(np.float32)], ids=lambda a: str(a.dtype))
def test_mean_and_covariance_divide_by_n(images: NDArray) -> None:
    rows = images.reshape(30, 12).astype(np.float64) / (255 if images.dtype == np.uint8 else 1)
    found = moments(images)
    np.testing.assert_allclose(found.mean, rows.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(found.covariance, np.cov(rows, rowvar=False, bias=True), atol=1e-15)
    assert np.array_equal(found.covariance, found.covariance.T)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e6])
def test_equal_images_have_a_covariance_of_zero(value: float) -> None:
    """To the last bit, although seven times 0.1, divided by seven, is not 0.1."""
    found = moments(np.full((7, 3), value), np.full((5, 3), value))
    assert (found.mean == value).all()
    assert (found.covariance == 0).all()


@pytest.mark.parametrize("images", [LEVELS, PIXELS], ids=["uint8", "float"])
def test_no_images_change_nothing(images: NDArray) -> None:
    expected = moments(images).covariance
    found = moments(images[:0], images, images[:0])
    found.merge(Moments(12))
    assert found.count == 30
    assert np.array_equal(found.covariance, expected)


def test_what_is_returned_is_a_copy() -> None:
    found = moments(PIXELS)
    expected = found.mean.copy()
    found.mean[:] = 0
    assert np.array_equal(found.mean, expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Moments(0), "features must be at least 1, got 0"),
        (lambda: Moments(3).mean, "no images yet"),
        (lambda: Moments(3).covariance, "no images yet"),
        (lambda: Moments(11).update(LEVELS), "expected 11 values per image, got 12"),
        (lambda: Moments(12).update(LEVELS.astype(np.int64)), "uint8 or floating, got int64"),
        (lambda: Moments(12).update(LEVELS.ravel()), "an axis for the samples"),
        (lambda: Moments(12).update(PIXELS * np.nan), "not finite"),
        (lambda: Moments(12).update(np.where(PIXELS > 0.99, np.inf, PIXELS)), "not finite"),
        (lambda: moments(LEVELS, PIXELS), "cannot share their moments"),
        (lambda: moments(PIXELS, LEVELS), "cannot share their moments"),
        (lambda: moments(LEVELS).merge(moments(PIXELS)), "do not fit into those of float"),
        (lambda: moments(LEVELS).merge(moments(LEVELS[:, 0])), "4 features do not fit into 12"),
    ],
)
def test_what_has_no_common_moments_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_a_refused_chunk_leaves_no_trace() -> None:
    found = moments(LEVELS)
    expected = found.covariance
    with pytest.raises(ValueError, match="cannot share"):
        found.update(PIXELS)
    assert np.array_equal(found.covariance, expected)
