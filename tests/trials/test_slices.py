"""Images put together from slices are the projections of the subspace, up to the bytes that they are kept as."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.datasets import load
from analysis.runner import Store
from analysis.subspaces import Subspace, principal_subspace
from analysis.trials import Slices, put_together, run_trials

FEW = Slices(dataset="digits", kept=8)  # so that there are cuts: at 8, 12, 16, 24, 32 and 48 of 61
BYTES = 0.01  # pixels: a hundred coordinates, each off by 1/254 of its direction's largest entry


@pytest.fixture(scope="module")
def space() -> Subspace:
    return principal_subspace(load("digits").train.images)


@pytest.fixture(scope="module")
def few() -> dict[str, Any]:
    (record,) = run_trials([FEW])
    return record


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    (record,) = run_trials([Slices(dataset="digits")])
    return record


def test_a_record_holds_the_spectrum_and_the_leading_directions(few: dict[str, Any], space: Subspace) -> None:
    arrays = few["arrays"]
    assert np.array_equal(arrays["variances"], space.variances)
    assert arrays["cuts"].tolist() == [8, 12, 16, 24, 32, 48]
    assert arrays["directions"].dtype == arrays["rests"].dtype == np.int8
    kept = arrays["directions"] * arrays["scales"][:, None].astype(np.float64)
    assert np.abs(kept - space.directions[:8]).max() <= arrays["scales"].max() / 2 * (1 + 1e-6)
    assert few["outcome"] == {"directions": 61, "null_dimension": 3}
    assert few["data"] == load("digits").content_hash


def test_without_more_directions_all_are_kept_and_nothing_is_left(whole: dict[str, Any]) -> None:
    arrays = whole["arrays"]
    assert (len(arrays["directions"]), arrays["cuts"].tolist(), arrays["rests"].shape) == (61, [], (8, 0, 64))


@pytest.mark.parametrize(
    "band", [(0, None), (0, 8), (3, 7), (3, 12), (8, 12), (5, None), (12, 48), (32, None)], ids=str
)
def test_bands_of_images_are_the_subspace_s(few: dict[str, Any], space: Subspace, band: tuple[int, int | None]) -> None:
    images = few["arrays"]["images"]
    expected = space.band(*band).project(images / 255)
    np.testing.assert_allclose(put_together(few["arrays"], *band), expected, atol=BYTES)


def test_any_band_can_be_put_together_where_all_are_kept(whole: dict[str, Any], space: Subspace) -> None:
    images = whole["arrays"]["images"] / 255
    for first in range(0, 61, 7):
        for last in range(first + 1, 62, 5):
            expected = space.band(first, last).project(images)
            np.testing.assert_allclose(put_together(whole["arrays"], first, last), expected, atol=BYTES)


@pytest.mark.parametrize("band", [(9, None), (0, 10), (62, None), (-1, 4)], ids=str)
def test_where_the_images_are_not_cut_is_refused(few: dict[str, Any], band: tuple[int, int | None]) -> None:
    with pytest.raises(ValueError, match=r"not cut at -?\d+: only up to 8 and at \[8, 12, 16, 24, 32, 48, 61\]"):
        put_together(few["arrays"], *band)


def test_an_empty_band_is_refused(few: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no band \[6, 6\)"):
        put_together(few["arrays"], 6, 6)


def test_images_are_test_images_of_different_classes_in_order(few: dict[str, Any]) -> None:
    test = load("digits").test
    places = {image.tobytes(): label for image, label in zip(test.images, test.labels, strict=True)}
    labels = [int(places[image.tobytes()]) for image in few["arrays"]["images"]]
    assert labels == sorted(set(labels))
    assert len(labels) == FEW.shown


def test_a_record_comes_back_from_its_file(few: dict[str, Any], tmp_path: Path) -> None:
    store = Store(tmp_path)
    store[FEW] = few
    for name, array in store[FEW]["arrays"].items():
        assert array.dtype == few["arrays"][name].dtype
        assert np.array_equal(array, few["arrays"][name])


@pytest.mark.parametrize(("change", "error"), [({"kept": 0}, ValueError), ({"shown": 2.0}, TypeError)], ids=str)
def test_impossible_values_are_refused(change: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(change))):
        replace(FEW, **change)
