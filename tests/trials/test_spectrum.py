"""The spectrum of record is that of the training images, and needs no torch."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from analysis.datasets import load
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


@pytest.mark.parametrize("shown", [1, 12])
def test_as_many_images_are_shown_as_asked_for(shown: int) -> None:
    (record,) = run_trials([Spectrum(dataset="digits", head=((0, 4),), tail=((4, 8),), shown=shown)])
    assert len(record["arrays"]["images"]) == shown


def test_torch_is_not_imported() -> None:
    assert subprocess.run([sys.executable, "-c", NO_TORCH], check=False).returncode == 0
