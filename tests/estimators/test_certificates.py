"""Radii are distances in the user's units, whatever those are, and no point within one is classified otherwise."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_iris, load_wine

from analysis.estimators import LipschitzClassifier, StandardClassifier
from analysis.estimators.frame import Frame, binade
from analysis.evaluation import robustness
from analysis.lipschitz import LINEAR

Array = NDArray[np.float64]

FEATURES, LABELS = load_iris(return_X_y=True)
SCALES = [1e-300, 1e-30, 1e-6, 1.0, 1e6, 1e30, 1e300]
QUICK = {"steps": 60, "width": 16, "depth": 2, "learning_rate": 0.5}


def exact_distances(classifier: Any, features: Array) -> tuple[Array, Array]:
    """Of a linear classifier: to the nearest point of another class; and the unit vectors towards it."""
    frame, dense = classifier.frame_, classifier.network_[-2]  # what follows keeps the first scores
    weight = dense.weight.double().numpy()[: len(classifier.classes_), : features.shape[1]]
    scores = (features / frame.unit - frame.mean / frame.unit) @ weight.T
    rows, best = np.arange(len(features)), scores.argmax(axis=1)
    normals = weight[best][:, None] - weight[None]
    lengths = np.linalg.norm(normals, axis=2)
    lengths[rows, best] = np.nan
    distances = (scores[rows, best][:, None] - scores) / lengths
    nearest = np.nanargmin(distances, axis=1)
    ways = -normals[rows, nearest] / lengths[rows, nearest][:, None]
    return distances[rows, nearest] * frame.unit, ways


@pytest.mark.parametrize("scale", SCALES)
def test_no_radius_exceeds_the_distance_to_the_boundary_of_a_linear_classifier(scale: float) -> None:
    """A millionth beyond the exact distance the prediction falls; within the radius it stands.

    It is some half of the distance: the norm of the whole matrix stands for that of a difference of two rows.
    """
    given = FEATURES * scale
    classifier = LipschitzClassifier(depth=1, steps=60, width=16).fit(given, LABELS)
    radii, predicted = classifier.certified_radius(given), classifier.predict(given)
    distances, ways = exact_distances(classifier, given)
    assert (radii <= distances).all()
    assert np.median(radii / distances) > 0.4
    inside, outside = given + radii[:, None] * ways, given + (1 + 1e-6) * distances[:, None] * ways
    assert (classifier.predict(inside) == predicted).all()
    assert (classifier.predict(outside) != predicted).all()


@pytest.mark.parametrize("kind", [LipschitzClassifier, StandardClassifier])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_attacks_break_no_certificate(kind: Any, scale: float) -> None:
    """The attack of the studies, which raises an error where one is broken; and random steps of exactly a radius."""
    given = load_wine().data * scale
    classifier = kind(**QUICK).fit(given, load_wine().target)
    radii, predicted = classifier.certified_radius(given), classifier.predict(given)
    assert (radii > 0).all()
    inside = torch.from_numpy(classifier.frame_.inside(given)).float()[:, :, None, None]
    record = robustness(classifier.network_, inside, torch.from_numpy(predicted), steps=10, restarts=1)
    assert (record.attacks.numpy() * classifier.frame_.unit > radii * (1 - 1e-6)).all()
    generator = np.random.default_rng(0)
    for _ in range(20):
        ways = generator.standard_normal(given.shape)
        moved = given + radii[:, None] * ways / np.linalg.norm(ways, axis=1, keepdims=True)
        assert (classifier.predict(moved) == predicted).all()


@pytest.mark.parametrize("kind", [LipschitzClassifier, StandardClassifier])
@pytest.mark.parametrize("power", [-40, 3, 40])
def test_another_unit_changes_the_radii_by_itself_alone(kind: Any, power: int) -> None:
    """Bit for bit, because the other unit is a power of two: radii, scores and offset are all in that unit."""
    factor = 2.0**power
    here = kind(**QUICK, offset=0.3).fit(FEATURES, LABELS)
    there = kind(**QUICK, offset=0.3 * factor).fit(FEATURES * factor, LABELS)
    assert np.array_equal(there.predict(FEATURES * factor), here.predict(FEATURES))
    assert np.array_equal(there.certified_radius(FEATURES * factor), here.certified_radius(FEATURES) * factor)
    assert np.array_equal(there.decision_function(FEATURES * factor), here.decision_function(FEATURES) * factor)


def test_no_feature_is_standardised() -> None:
    """A feature that varies a thousand times as much decides alone: the classifier of that feature agrees."""
    loud = np.column_stack([FEATURES[:, :3] / 1000, FEATURES[:, 3]])
    both = LipschitzClassifier(**QUICK).fit(loud, LABELS)
    quiet = loud.copy()
    quiet[:, :3] = quiet[:, :3].mean(axis=0)
    assert np.array_equal(both.predict(quiet), both.predict(loud))


def test_far_from_zero_the_radii_are_those_near_it() -> None:
    """Around 2^30, where single precision resolves nothing of the data, the differences to the mean still hold it."""
    near = LipschitzClassifier(**QUICK).fit(np.round(FEATURES * 64), LABELS)
    far = LipschitzClassifier(**QUICK).fit(np.round(FEATURES * 64) + 2.0**30, LABELS)
    here, there = (
        near.certified_radius(np.round(FEATURES * 64)),
        far.certified_radius(np.round(FEATURES * 64) + 2.0**30),
    )
    np.testing.assert_allclose(there, here, rtol=1e-2, atol=0.5)
    assert np.median(there) > 1


def test_a_far_point_costs_another_nothing() -> None:
    classifier = LipschitzClassifier(**QUICK).fit(FEATURES, LABELS)
    alone = classifier.certified_radius(FEATURES)
    together = classifier.certified_radius(np.vstack([FEATURES, np.full((1, 4), 1e200)]))
    np.testing.assert_allclose(together[:-1], alone, rtol=1e-6)
    assert np.isfinite(together[-1])


def test_equal_points_are_certified_nowhere() -> None:
    """Nothing varies: the classes cannot be told apart, and the unit is still a number."""
    classifier = LipschitzClassifier(**QUICK).fit(np.full((8, 3), 5.0), [0, 1] * 4)
    assert classifier.certified_radius(np.full((2, 3), 5.0)) == pytest.approx([0, 0], abs=1e-3)


@pytest.mark.parametrize(("value", "power"), [(5.5, 4.0), (4.0, 4.0), (0.3, 0.25), (0.0, 1.0), (1e-310, 2.0**-1030)])
def test_binades(value: float, power: float) -> None:
    assert binade(value) == power


def test_a_frame_rounds_against_the_user() -> None:
    """A radius as small as the rounding of the difference to the mean certifies nothing."""
    frame = Frame(np.array([1 / 3]), 2.0)
    inside = frame.inside(np.array([[0.7]]))
    assert frame.radii(np.array([1e-17]), inside) == 0
    assert 0 < 0.5 - frame.radii(np.array([0.25]), inside) < 1e-14
    assert frame.radii(np.array([np.nan]), inside) == 0


@pytest.mark.parametrize("method", LINEAR)
def test_every_method_certifies(method: str) -> None:
    classifier = LipschitzClassifier(method=method, steps=5, width=8, depth=2).fit(FEATURES, LABELS)
    radii, scores = classifier.certified_radius(FEATURES), np.sort(classifier.decision_function(FEATURES), axis=1)
    np.testing.assert_allclose(radii, (scores[:, -1] - scores[:, -2]) / np.sqrt(2), rtol=0.5, atol=1e-5)
    assert (radii > 0).mean() > 0.9
