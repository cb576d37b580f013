"""Moments of levels are exact where sums are largest, for any number of images, threads and processes."""

import math
import pickle
from copy import deepcopy

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # scikit-learn brings it

from analysis.subspaces import Moments
from analysis.subspaces.gram import BLOCK

OVERFLOW = 131_072  # rows of -128 whose squares add up to 2^31
EPS = 2.0**-52
LEVELS = np.random.default_rng(0).integers(256, size=(30, 12), dtype=np.uint8)

# Levels whose values less 128 are the extremes; the last pixel is what the others are compared with.
BLACK = np.zeros((1, 3), dtype=np.uint8)
ALTERNATING = np.array([[255, 0, 255], [0, 255, 255]], dtype=np.uint8)
EXTREMES = {"black": BLACK, "alternating": ALTERNATING, "both": np.concatenate([BLACK, ALTERNATING])}


def moments(images: NDArray) -> Moments:
    result = Moments(math.prod(images.shape[1:]))
    result.update(images)
    return result


def exact_moments(pattern: NDArray[np.uint8], repeats: int) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Sum of the centred levels and of their products over the repeated pattern, in Python's integers."""
    rows = pattern.astype(object) - 128
    return repeats * rows.sum(axis=0), repeats * (rows.T @ rows)


def assert_exact(found: Moments, pattern: NDArray[np.uint8], repeats: int) -> None:
    """Sums equal to the last bit; of the covariance, a few roundings of each entry."""
    sums, products = exact_moments(pattern, repeats)
    kept = found.to_arrays()
    assert found.count == repeats * len(pattern)
    assert kept["first"].astype(object).tolist() == sums.tolist()
    assert np.tril(kept["second"]).astype(object).tolist() == np.tril(products).tolist()
    scatter = found.count * products - np.outer(sums, sums)
    expected = (scatter / (found.count**2 * 255**2)).astype(np.float64)
    np.testing.assert_allclose(found.covariance, expected, rtol=8 * EPS, atol=8 * EPS * np.diag(expected).max())
    np.testing.assert_allclose(found.mean, (sums / found.count + 128).astype(np.float64) / 255, rtol=4 * EPS)


@pytest.mark.parametrize("name", EXTREMES)
def test_extreme_rows_do_not_overflow(name: str) -> None:
    repeats = OVERFLOW // len(EXTREMES[name]) + 1
    assert_exact(moments(np.tile(EXTREMES[name], (repeats, 1))), EXTREMES[name], repeats)


def test_the_squares_of_black_rows_reach_what_32_bits_cannot_hold() -> None:
    found = moments(np.zeros((OVERFLOW, 2), dtype=np.uint8))
    assert found.to_arrays()["second"][0, 0] == 2**31
    assert (found.covariance == 0).all()
    assert (found.mean == 0).all()


@pytest.mark.parametrize("name", EXTREMES)
def test_a_billion_images_are_exact(name: str) -> None:
    """Moments merged with themselves thirty times are those of 2^30 copies."""
    found = moments(EXTREMES[name])
    for _ in range(30):
        found.merge(deepcopy(found))
    assert_exact(found, EXTREMES[name], 2**30)


@pytest.mark.parametrize("features", [BLOCK, BLOCK + 1, 2 * BLOCK + 7])
def test_blocks_of_features_fit_together(features: int) -> None:
    levels = np.random.default_rng(1).integers(256, size=(40, features), dtype=np.uint8)
    rows = levels.astype(np.int64)
    scatter = 40 * (rows.T @ rows) - np.outer(rows.sum(axis=0), rows.sum(axis=0))
    np.testing.assert_allclose(moments(levels).covariance, scatter / (40**2 * 255**2), rtol=0, atol=8 * EPS)


def test_the_number_of_threads_does_not_show() -> None:
    """Large enough for BLAS to share it out."""
    levels = np.random.default_rng(2).integers(256, size=(3000, 300), dtype=np.uint8)
    found = []
    for threads in (1, 2, 3):
        with threadpool_limits(threads):
            found.append(moments(levels).covariance)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


@pytest.mark.parametrize("images", [LEVELS, LEVELS / 255], ids=["uint8", "float"])
def test_moments_travel_between_processes_and_machines(images: NDArray) -> None:
    whole = moments(images)
    pickled = pickle.loads(pickle.dumps(whole))
    rebuilt = Moments.from_arrays(whole.to_arrays())
    for copy in (pickled, rebuilt):
        assert np.array_equal(copy.covariance, whole.covariance)
        copy.merge(deepcopy(whole))
        assert copy.count == 60


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": None}, "moments lack count"),
        ({"count": np.array(0)}, "no moments of 0 images"),
        ({"count": np.array(1.5)}, "float64 ()"),
        ({"first": np.zeros(5)}, "float64 .5,."),
        ({"first": np.zeros(12, dtype=np.float32)}, "float32 .12,."),
        ({"second": np.zeros((12, 11))}, "float64 .12, 11."),
        ({"integer": np.array(1)}, "int64 ()"),
    ],
    ids=str,
)
def test_what_are_no_moments_is_refused(change: dict[str, NDArray | None], message: str) -> None:
    arrays = {name: array for name, array in (moments(LEVELS).to_arrays() | change).items() if array is not None}
    with pytest.raises(ValueError, match=message):
        Moments.from_arrays(arrays)


def test_moments_of_nothing_cannot_be_kept() -> None:
    with pytest.raises(ValueError, match="no images yet"):
        Moments(3).to_arrays()
