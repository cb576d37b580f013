"""Points as images: what is rounded, and a file of them is a data set."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import datasets
from analysis.theory import HiddenBit, as_data_set, as_images


def test_signs_are_black_and_white_and_odd_nuisances_exact() -> None:
    points, labels = HiddenBit(4, nuisance=25 / 255, radius=0.2).sample(50, seed=0)
    images = as_images(points)
    assert images.shape == (50, 1, 5, 1)
    np.testing.assert_allclose(images[:, 0, :, 0] / 127.5 - 1, points, atol=1e-12)
    assert (images[:, 0, 4, 0] > 127.5).tolist() == (labels > 0).tolist()


@pytest.mark.parametrize("nuisance", [0.1, 0.1234, 0.5])
def test_another_nuisance_is_moved_by_at_most_one_level_of_255(nuisance: float) -> None:
    points, _ = HiddenBit(3, nuisance, nuisance).sample(50, seed=0)
    assert np.abs(as_images(points)[:, 0, :, 0] / 127.5 - 1 - points).max() <= 1 / 255 + 1e-12


def test_a_file_of_two_draws_is_a_data_set(tmp_path: Path) -> None:
    arrays = as_data_set(HiddenBit(6, nuisance=25 / 255, radius=25 / 255), 80, 40)
    np.savez(tmp_path / "hidden_bit.npz", **arrays)  # type: ignore[arg-type]
    data = datasets.load(tmp_path / "hidden_bit.npz")
    np.testing.assert_array_equal(data.train.images, arrays["x_train"])
    np.testing.assert_array_equal(data.test.labels, arrays["y_test"])
    assert data.classes == ("0", "1")


@given(st.floats(0.1, 100.0), st.integers(0, 2**32 - 1))
def test_a_longer_reach_scales_distances(reach: float, seed: int) -> None:
    """Each of 16 coordinates is moved by at most reach / 255, a pixel by 1 / 510."""
    points = np.random.default_rng(seed).uniform(-reach, reach, (2, 16))
    first, second = as_images(points, reach).reshape(2, 16) / 255
    expected = np.linalg.norm(points[0] - points[1]) / (2 * reach)
    assert np.linalg.norm(first - second) == pytest.approx(expected, abs=2 * 4 / 510)


@pytest.mark.parametrize("reach", [0.0, -1.0, float("nan")])
def test_a_reach_that_is_not_positive_is_refused(reach: float) -> None:
    with pytest.raises(ValueError, match="reach must be positive"):
        as_images(np.zeros((1, 1)), reach)


@pytest.mark.parametrize("value", [-1.01, 1.5, float("nan")])
def test_points_outside_the_cube_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        as_images(np.array([[0.0, value]]))
