"""Directions diagonalise the covariance, bands divide the space, and projections are nearest points."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis import datasets
from analysis.subspaces import Moments, Subspace, principal_subspace

ROUNDING = 1e-12  # float64 pixels of order one, in up to 64 dimensions


def falling(count: int) -> NDArray[np.float64]:
    """Images of 3 x 4 pixels with correlated pixels whose variances span four decades."""
    draw = np.random.default_rng(0)
    scales = np.logspace(0, -2, 12)
    return (0.5 + draw.standard_normal((count, 12)) * scales @ draw.standard_normal((12, 12))).reshape(count, 3, 4)


def digits() -> NDArray[np.uint8]:
    return datasets.load("digits").train.images


CASES: dict[str, Callable[[], NDArray]] = {
    "floats": lambda: falling(50),
    "fewer-images-than-pixels": lambda: falling(8),
    "digits": digits,
    "digits-as-floats": lambda: digits() / 255,
}


@pytest.fixture(params=CASES)
def images(request: pytest.FixtureRequest) -> NDArray[np.float64]:
    made = CASES[request.param]()
    return made / 255 if made.dtype == np.uint8 else made


@pytest.fixture
def subspace(images: NDArray[np.float64]) -> Subspace:
    return principal_subspace(images)


@pytest.mark.parametrize("case", CASES)
def test_directions_are_orthonormal_and_diagonalise_the_covariance(case: str) -> None:
    images = CASES[case]()
    found = principal_subspace(images)
    rows = images.reshape(len(images), -1) / (255 if images.dtype == np.uint8 else 1)
    covariance = np.cov(rows, rowvar=False, bias=True)
    directions = found.directions
    np.testing.assert_allclose(directions @ directions.T, np.eye(len(directions)), atol=ROUNDING)
    np.testing.assert_allclose(
        directions @ covariance @ directions.T, np.diag(found.variances), atol=ROUNDING * found.variances[0]
    )
    assert (np.diff(found.variances) <= 0).all()
    assert found.variances[-1] > 0
    assert found.variances.sum() == pytest.approx(np.trace(covariance), rel=ROUNDING)
    assert len(directions) + found.null_dimension == rows.shape[1]


def test_the_largest_entry_of_every_direction_is_positive(subspace: Subspace) -> None:
    largest = np.abs(subspace.directions).argmax(axis=1)
    assert (subspace.directions[np.arange(len(largest)), largest] > 0).all()


@pytest.mark.parametrize("cut", [1, 3, 6])
def test_a_band_and_its_complement_rebuild_the_data(images: NDArray, subspace: Subspace, cut: int) -> None:
    high, low = subspace.band(0, cut), subspace.band(cut)
    mean = subspace.mean.reshape(images.shape[1:])
    np.testing.assert_allclose(high.project(images) + low.project(images) - mean, images, atol=ROUNDING)
    nothing = high.project(low.project(images))
    np.testing.assert_allclose(nothing, np.broadcast_to(mean, images.shape), atol=ROUNDING)


def test_a_union_of_bands_projects_into_both(images: NDArray, subspace: Subspace) -> None:
    parts = (0, 2), (4, None)
    union = subspace.bands(*parts)
    moved = sum(subspace.band(*part).project(images) - subspace.mean.reshape(images.shape[1:]) for part in parts)
    np.testing.assert_allclose(union.project(images), subspace.mean.reshape(images.shape[1:]) + moved, atol=ROUNDING)
    assert len(union.directions) == len(subspace.directions) - 2
    assert union.null_dimension == subspace.null_dimension


def test_coordinates_are_uncorrelated_and_have_the_variances(images: NDArray, subspace: Subspace) -> None:
    covariance = np.cov(subspace.coordinates(images), rowvar=False, bias=True)
    np.testing.assert_allclose(covariance, np.diag(subspace.variances), atol=ROUNDING * subspace.variances[0])


@pytest.mark.parametrize("band", [(0, 2), (2, 5), (3, None)], ids=str)
def test_a_projection_is_idempotent_and_nearest(
    images: NDArray, subspace: Subspace, band: tuple[int, int | None]
) -> None:
    """The residual is orthogonal to the subspace: by Pythagoras no other point of it is as near."""
    part = subspace.band(*band)
    projected = part.project(images)
    rows = projected.reshape(len(images), -1)
    np.testing.assert_allclose(part.project(projected), projected, atol=ROUNDING)
    np.testing.assert_allclose(part.coordinates(images) @ part.directions + part.mean, rows, atol=ROUNDING)
    residual = images.reshape(rows.shape) - rows
    np.testing.assert_allclose(residual @ part.directions.T, 0, atol=ROUNDING)
    other = rows + np.random.default_rng(0).standard_normal(part.variances.shape) @ part.directions
    distance = np.linalg.norm(residual, axis=1)
    assert (np.linalg.norm(images.reshape(rows.shape) - other, axis=1) > distance).all()


def test_shares_of_the_variance_add_up(subspace: Subspace) -> None:
    high, low = subspace.variance_share(0, 3), subspace.variance_share(3)
    assert high + low == pytest.approx(1, abs=ROUNDING)
    assert high == pytest.approx(subspace.variances[:3].sum() / subspace.variances.sum())
    assert subspace.variance_share(0, None) == 1


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.uint8, np.float32), (np.float16, np.float32), (np.float32, np.float32), (np.float64, np.float64)],
)
def test_projections_keep_the_shape_and_are_floats(dtype: type, expected: type) -> None:
    """The tolerance is that of the float16 pixels: eps is 1e-3, and there are three sums of twelve terms."""
    levels = np.random.default_rng(1).integers(256, size=(20, 3, 2, 2), dtype=np.uint8)
    given = levels if dtype == np.uint8 else (levels / 255).astype(dtype)
    part = principal_subspace(levels).band(1, 7)
    found = part.project(given)
    assert (found.shape, found.dtype) == (levels.shape, expected)
    assert part.coordinates(given).dtype == expected
    tolerance = 2e-3 if dtype == np.float16 else 1e-6
    np.testing.assert_allclose(found, part.project(levels / 255), atol=tolerance)


def test_levels_and_pixels_span_the_same_subspace() -> None:
    """Relative in every variance: the smallest of the digits is 6e-7 of the largest, eigh errs by 1e-15 of that."""
    from_levels, from_pixels = principal_subspace(digits()), principal_subspace(digits() / 255)
    np.testing.assert_allclose(from_levels.variances, from_pixels.variances, rtol=1e-9)
    cosines = (from_levels.directions * from_pixels.directions).sum(axis=1)
    np.testing.assert_allclose(cosines, 1, atol=1e-9)


def test_moments_stand_for_their_images() -> None:
    moments = Moments(12)
    moments.update(falling(50))
    found, expected = principal_subspace(moments), principal_subspace(falling(50))
    assert np.array_equal(found.directions, expected.directions)
    assert np.array_equal(found.variances, expected.variances)


def test_a_spectrum_over_nine_decades_is_recovered() -> None:
    """The sample is built to have these moments; eigh errs by some eps of the first variance, 1e-6 of the last."""
    draw = np.random.default_rng(0)
    variances = np.logspace(0, -9, 10)
    noise = draw.standard_normal((200, 10))
    uncorrelated, _ = np.linalg.qr(noise - noise.mean(axis=0))
    directions, _ = np.linalg.qr(draw.standard_normal((10, 10)))
    mean = draw.random(10)
    found = principal_subspace(mean + np.sqrt(200 * variances) * uncorrelated @ directions)
    assert found.null_dimension == 0
    np.testing.assert_allclose(found.mean, mean, atol=1e-14)
    np.testing.assert_allclose(found.variances, variances, rtol=1e-5)
    np.testing.assert_allclose(np.abs(found.directions @ directions.T), np.eye(10), atol=1e-5)


@pytest.mark.parametrize("count", [2, 5, 12])
def test_n_images_span_at_most_n_minus_1_directions(count: int) -> None:
    found = principal_subspace(falling(count))
    assert len(found.directions) == count - 1
    assert found.null_dimension == 12 - (count - 1)
    found.band(count - 2, count - 1)
    with pytest.raises(ValueError, match=f"no band \\[0, {count}\\) in {count - 1} directions"):
        found.band(0, count)


def test_pixels_that_copy_others_belong_to_the_null_space() -> None:
    images = falling(50).reshape(50, 12)
    found = principal_subspace(np.hstack([images, images[:, :5], np.ones((50, 2))]))
    assert (len(found.directions), found.null_dimension) == (12, 7)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 4), dtype=np.uint8), "the 1 images do not vary"),
        (np.full((9, 4), 200, dtype=np.uint8), "the 9 images do not vary"),
        (np.full((7, 4), 0.1), "the 7 images do not vary"),
        (np.full((7, 4), 0.1, dtype=np.float32), "the 7 images do not vary"),
        (np.zeros((0, 4), dtype=np.uint8), "no images yet"),
        (np.array([[0.5, np.nan], [0.1, 0.2]]), "not finite"),
        (np.zeros((3, 4), dtype=np.int32), "got int32"),
    ],
)
def test_images_without_directions_are_refused(images: NDArray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        principal_subspace(images)


@pytest.mark.parametrize(
    ("bands", "message"),
    [
        ([], "at least one band"),
        ([(-1, 3)], r"no band \[-1, 3\) in 12 directions"),
        ([(0, 13)], r"no band \[0, 13\)"),
        ([(12, None)], r"no band \[12, None\)"),
        ([(3, 3)], r"no band \[3, 3\)"),
        ([(5, 2)], r"no band \[5, 2\)"),
        ([(0, 4), (3, 6)], "overlap or are not ascending"),
        ([(4, 6), (0, 2)], "overlap or are not ascending"),
        ([(0, None), (5, None)], "overlap or are not ascending"),
    ],
    ids=str,
)
def test_impossible_bands_are_refused(bands: list[tuple[int, int | None]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        principal_subspace(falling(50)).bands(*bands)


@pytest.mark.parametrize("operation", ["coordinates", "project"])
def test_images_of_another_size_or_with_gaps_are_refused(operation: str) -> None:
    call = getattr(principal_subspace(falling(50)), operation)
    with pytest.raises(ValueError, match="expected 12 values per image, got 9"):
        call(np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match="not finite"):
        call(np.full((2, 3, 4), np.nan))


def test_the_digits_have_61_directions() -> None:
    found = principal_subspace(digits())
    assert (len(found.directions), found.null_dimension) == (61, 3)


def test_mnist_has_712_directions_and_the_known_shares(shared_data: Path) -> None:
    if not (shared_data / "MNIST").is_dir():
        pytest.skip(f"no MNIST in {shared_data}")
    found = principal_subspace(datasets.load("mnist", data_dir=shared_data).train.images)
    assert (len(found.directions), found.null_dimension) == (712, 72)
    bands = [(0, 16), (50, None), (200, None)]
    shares = [found.variance_share(*band) for band in bands]
    assert shares == pytest.approx([0.594, 0.175, 0.034], abs=5e-4)
