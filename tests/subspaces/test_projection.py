"""Projections of large sets: in chunks, by one product or two, into the memory that is given."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.subspaces import Subspace, principal_subspace, projection

LEVELS = np.random.default_rng(0).integers(256, size=(300, 4, 3), dtype=np.uint8)
PIXELS = LEVELS / 255
SPACE = principal_subspace(LEVELS)


def nearest(space: Subspace, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The definition, in float64."""
    rows = pixels.reshape(len(pixels), -1) - space.mean
    return (space.mean + rows @ space.directions.T @ space.directions).reshape(pixels.shape)


@pytest.mark.parametrize("rows", [1, 7, 300, 1024])
@pytest.mark.parametrize("kept", [1, 6, 7, 12])
@pytest.mark.parametrize("count", [1, 20, 300])
def test_neither_chunks_nor_the_number_of_products_show(
    monkeypatch: pytest.MonkeyPatch, rows: int, kept: int, count: int
) -> None:
    monkeypatch.setattr(projection, "ROWS", rows)
    band = SPACE.band(12 - kept)
    exact = nearest(band, PIXELS[:count])
    np.testing.assert_allclose(band.project(PIXELS[:count]), exact, atol=1e-14)
    for images in (LEVELS[:count], PIXELS[:count].astype(np.float32)):
        np.testing.assert_allclose(band.project(images), exact, atol=1e-6)
        np.testing.assert_allclose(
            band.coordinates(images) @ band.directions, (exact.reshape(count, 12) - band.mean), atol=2e-6
        )


@pytest.mark.parametrize("band", [(0, 2), (2, None)], ids=["two-products", "one-product"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_images_may_be_projected_in_place(band: tuple[int, int | None], dtype: type) -> None:
    part, images = SPACE.band(*band), PIXELS.astype(dtype)
    expected = part.project(images)
    assert part.project(images, out=images) is images
    assert np.array_equal(images, expected)


def test_results_go_where_they_are_wanted(tmp_path: Path) -> None:
    tail = SPACE.band(5)
    kept = np.lib.format.open_memmap(tmp_path / "tail.npy", "w+", np.float32, LEVELS.shape)
    tail.project(LEVELS, out=kept)
    assert np.array_equal(np.load(tmp_path / "tail.npy"), tail.project(LEVELS))
    coordinates = np.empty((300, 7), np.float32)
    assert tail.coordinates(LEVELS, out=coordinates) is coordinates
    assert np.array_equal(coordinates, tail.coordinates(LEVELS))


@pytest.mark.parametrize(
    "out",
    [
        np.empty((300, 12), np.float32),
        np.empty((299, 4, 3), np.float32),
        np.empty((300, 4, 3)),
        np.empty((300, 4, 6), np.float32)[:, :, ::2],
        np.empty((300, 4, 3), np.uint8),
    ],
    ids=["flat", "short", "float64", "strided", "uint8"],
)
def test_memory_that_does_not_fit_is_refused(out: NDArray) -> None:
    with pytest.raises(ValueError, match=r"out must be contiguous float32 of shape \(300, 4, 3\), got"):
        SPACE.project(LEVELS, out=out)


def test_images_with_gaps_are_refused_before_anything_is_written() -> None:
    images = PIXELS.copy()
    images[-1, 0, 0] = np.nan
    before = images.copy()
    with pytest.raises(ValueError, match="not finite"):
        SPACE.project(images, out=images)
    assert np.array_equal(images, before, equal_nan=True)


def test_little_memory_is_needed_beside_the_result() -> None:
    """All pixels as float32 would be 4.8 MB; a chunk is 0.2 MB."""
    levels = np.zeros((24_000, 50), np.uint8)
    space = Subspace(np.zeros(50), np.eye(50), np.ones(50), 0)
    out = np.empty(levels.shape, np.float32)
    space.project(levels[:1], out=out[:1])
    tracemalloc.start()
    space.project(levels, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_no_images_have_no_projections() -> None:
    assert SPACE.project(LEVELS[:0]).shape == (0, 4, 3)
    assert SPACE.coordinates(LEVELS[:0]).shape == (0, 12)
