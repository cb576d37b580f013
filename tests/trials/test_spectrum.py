"""The spectrum of record is that of the training images, and needs no torch."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.datasets import load, nested_subsets
from analysis.subspaces import principal_subspace
from analysis.trials import Spectrum, run_trials

SPECTRUM = Spectrum(dataset="digits", head=((0, 16),), tail=((4, 8), (32, None)))
NO_TORCH = """
import sys
from analysis.trials import Spectrum, run_trials
run_trials([Spectrum(dataset="digits", head=((0, 16),), tail=((32, None),))])
sys.exit("torch" in sys.modules)
"""


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    (made,) = run_trials([SPECTRUM])
    return made


def test_variances_are_those_of_the_training_images(record: dict[str, Any]) -> None:
    space = principal_subspace(load("digits").train.images)
    assert np.array_equal(record["arrays"]["variances"], space.variances)
    np.testing.assert_array_equal(record["arrays"]["mean"].ravel(), space.mean.astype(np.float32))
    assert record["outcome"] == {"features": 64, "directions": 61, "null_dimension": 3, "images": 1297}


def test_images_are_test_images_of_different_classes_in_order(record: dict[str, Any]) -> None:
    test = load("digits").test
    places = {image.tobytes(): label for image, label in zip(test.images, test.labels, strict=True)}
    labels = [int(places[image.tobytes()]) for image in record["arrays"]["images"]]
    assert len(set(labels)) == len(labels) == SPECTRUM.shown
    assert labels == sorted(labels)


@pytest.mark.parametrize(("name", "bands"), [("head", SPECTRUM.head), ("tail", SPECTRUM.tail)])
def test_projections_are_the_subspace_s(record: dict[str, Any], name: str, bands: Any) -> None:
    space = principal_subspace(load("digits").train.images).bands(*bands)
    projected = record["arrays"][name]
    assert (projected.dtype, projected.shape) == (np.float32, (8, 8, 8, 1))
    np.testing.assert_array_equal(projected, space.project(record["arrays"]["images"]))


@pytest.mark.parametrize("shown", [0, 1, 12])
def test_as_many_images_are_shown_as_asked_for(shown: int) -> None:
    (record,) = run_trials([Spectrum(dataset="digits", head=((0, 4),), tail=((4, 8),), shown=shown)])
    assert len(record["arrays"]["images"]) == shown


@pytest.mark.parametrize("size", [None, 1_500, 40])
@pytest.mark.parametrize("split", ["train", "all"])
def test_the_images_measured_are_those_asked_for(split: str, size: int | None, record: dict[str, Any]) -> None:
    """Whatever was measured before: the cache holds whole training sets, and those only.

    The order of images shows in last bits where they are fewer than their 64 values.
    """
    data = load("digits")
    splits = [data.train] if split == "train" else [data.train, data.test]
    images, labels = (np.concatenate([getattr(each, name) for each in splits]) for name in ("images", "labels"))
    if size is not None and size > len(images):
        with pytest.raises(ValueError, match="size 1500 is more than the 1297 images there are"):
            run_trials([replace(SPECTRUM, split=split, size=size)])
        return
    measured = images[nested_subsets(labels, [size])[0]]
    bands = {"head": ((0, 4),), "tail": ((4, 8),)}
    found, again = run_trials([Spectrum(dataset="digits", **bands, split=split, size=size), SPECTRUM])
    assert found["outcome"]["images"] == len(measured)
    expected = principal_subspace(measured).variances
    np.testing.assert_allclose(found["arrays"]["variances"], expected, rtol=1e-11 if size == 40 else 0)
    assert found["data"] == data.content_hash
    assert np.array_equal(again["arrays"]["variances"], record["arrays"]["variances"])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"split": "test"}, ValueError, "unknown split 'test'; known are train, all"),
        ({"size": 0}, ValueError, "size must be at least 1, got 0"),
        ({"size": 40.0}, TypeError, "size must be a whole number, got 40.0"),
        ({"shown": -1}, ValueError, "shown must be at least 0, got -1"),
    ],
    ids=str,
)
def test_impossible_values_are_refused(change: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        replace(SPECTRUM, **change)


@pytest.mark.parametrize(("size", "label"), [(None, "spectrum of digits"), (1200, "spectrum of 1,200 of digits")])
def test_the_label_is_readable(size: int | None, label: str) -> None:
    assert replace(SPECTRUM, size=size).label == label


def test_torch_is_not_imported() -> None:
    assert subprocess.run([sys.executable, "-c", NO_TORCH], check=False).returncode == 0
