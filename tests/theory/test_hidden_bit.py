"""The closed forms, against brute force over everything at tiny sizes, and the worlds they speak of."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.theory import HiddenBit
from analysis.theory.cube import corner_numbers

LEARNERS = ("coordinate", "table")


def all_signs(length: int) -> NDArray[np.int64]:
    return np.array(list(product([-1, 1], repeat=length)))


def smallest_error_by_brute_force(dimension: int, n: int) -> float:
    """Best expected robust error over all worlds, training sets and classifiers.

    The classifiers are all functions of the points (z, -g), (z, 0), (z, g); the adversary may stay at (z, gy) or
    move to (z, 0). For each training set the best classifier for the worlds that agree with it is chosen.
    """
    corners = 2**dimension
    worlds = all_signs(corners)
    classifiers = all_signs(3 * corners).reshape(-1, corners, 3)
    wrong_by_label = [
        (classifiers[:, :, 1] != label) | (classifiers[:, :, 1 + label] != label) for label in (-1, 1)
    ]  # [label][classifier, corner]
    total = 0.0
    for seen in product(range(corners), repeat=n):
        for labels in np.unique(worlds[:, seen], axis=0):
            agreeing = worlds[(worlds[:, seen] == labels).all(axis=1)]
            risk = sum(np.where(world == 1, wrong_by_label[1], wrong_by_label[0]).mean(axis=1) for world in agreeing)
            total += np.min(risk)
    return float(total / len(worlds) / corners**n)


@pytest.mark.parametrize(("dimension", "n"), [(1, 0), (1, 1), (1, 2), (1, 3), (2, 0), (2, 1), (2, 2)])
def test_no_classifier_beats_the_closed_form(dimension: int, n: int) -> None:
    exact = HiddenBit(dimension).robust_error(n)
    assert smallest_error_by_brute_force(dimension, n) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize(("dimension", "n"), [(1, 3), (2, 3), (3, 40), (10, 17)])
def test_closed_form_is_the_rational_number(dimension: int, n: int) -> None:
    exact = Fraction(1, 2) * (1 - Fraction(1, 2**dimension)) ** n
    assert HiddenBit(dimension).robust_error(n) == pytest.approx(float(exact), rel=1e-14)


def test_error_falls_with_samples_and_rises_with_dimension() -> None:
    n = np.arange(1, 200)
    errors = np.array([HiddenBit(dimension).robust_error(n) for dimension in range(1, 60)])
    assert (np.diff(errors, axis=1) <= 0).all()
    assert (np.diff(errors, axis=0) >= 0).all()
    assert (np.diff(errors[:40], axis=1) < 0).all()  # from about 50 on one sample is less than a rounding


def test_large_dimensions_keep_their_digits() -> None:
    model = HiddenBit(dimension=100)
    assert model.robust_error(2**100) == pytest.approx(np.exp(-1) / 2, rel=1e-12)
    assert HiddenBit(53).robust_error(2**52) == pytest.approx(HiddenBit(52).robust_error(2**51), rel=1e-12)


@pytest.mark.parametrize("gain", [0.01, 0.1, 0.25, 0.4])
@pytest.mark.parametrize("dimension", [1, 4, 12, 30])
def test_a_gain_in_robust_accuracy_takes_exponentially_many_samples(dimension: int, gain: float) -> None:
    assert HiddenBit(dimension).samples_needed(0.5 - gain) >= gain * 2 ** (dimension + 1)


@pytest.mark.parametrize("error", [1e-9, 0.01, 0.1, 0.25, 0.375, 0.4999])
@pytest.mark.parametrize("dimension", [1, 2, 5, 10, 20, 40])
def test_samples_needed_is_the_smallest_number(dimension: int, error: float) -> None:
    model = HiddenBit(dimension)
    n = model.samples_needed(error)
    assert model.robust_error(n) <= error < model.robust_error(n - 1)


@pytest.mark.parametrize("dimension", [1, 2, 8])
def test_samples_needed_inverts_the_robust_error(dimension: int) -> None:
    model = HiddenBit(dimension)
    assert [model.samples_needed(model.robust_error(n)) for n in range(40)] == list(range(40))
    assert model.samples_needed(0.7) == 0


@pytest.mark.parametrize("error", [0.0, -0.1, float("nan")])
def test_an_error_out_of_reach_is_refused(error: float) -> None:
    with pytest.raises(ValueError, match=str(error)):
        HiddenBit().samples_needed(error)


def test_one_sample_shows_how_to_read_the_coordinate() -> None:
    tie, wide = HiddenBit(nuisance=0.1, radius=0.1), HiddenBit(nuisance=0.1, radius=0.2)
    assert tie.standard_error([0, 1, 2]).tolist() == [0.5, 0.0, 0.0]
    assert tie.robust_error([0, 1, 2], learner="coordinate").tolist() == [0.5, 0.5, 0.5]
    assert wide.robust_error([0, 1, 2], learner="coordinate").tolist() == [0.5, 1.0, 1.0]


@pytest.mark.parametrize("learner", LEARNERS)
def test_numbers_in_numbers_out_arrays_in_arrays_out(learner: str) -> None:
    for error in (HiddenBit().standard_error, HiddenBit().robust_error):
        assert isinstance(error(3, learner), float)
        assert isinstance(error(np.int64(3), learner), float)
        assert error(np.array([[1, 2, 3]]), learner).shape == (1, 3)


@pytest.mark.parametrize("n", [-1, [1, -2], np.array([1.5]), np.array([np.nan]), np.array([np.inf])])
def test_other_than_whole_numbers_of_samples_are_refused(n: list[int]) -> None:
    with pytest.raises(ValueError, match="whole number"):
        HiddenBit().robust_error(n)
    with pytest.raises(ValueError, match="whole number"):
        HiddenBit().standard_error(n)


def test_unknown_learners_are_refused() -> None:
    for error in (HiddenBit().standard_error, HiddenBit().robust_error):
        with pytest.raises(ValueError, match=r"'nearest'.*'coordinate' and 'table'"):
            error(1, "nearest")


@pytest.mark.parametrize(
    ("dimension", "nuisance", "radius", "named"),
    [
        (0, 0.1, 0.1, "dimension 0"),
        (-3, 0.1, 0.1, "dimension -3"),
        (2.5, 0.1, 0.1, "dimension 2.5"),
        (1001, 0.1, 0.1, "dimension 1001"),
        (10, 0.0, 0.1, "nuisance 0.0"),
        (10, -0.1, 0.1, "nuisance -0.1"),
        (10, 0.2, 0.1, "nuisance 0.2 and radius 0.1"),
        (10, 0.1, 1.0, "radius 1.0"),
        (10, 0.1, float("nan"), "radius nan"),
        (10, float("nan"), 0.1, "nuisance nan"),
    ],
)
def test_settings_that_break_the_proof_are_refused(dimension: int, nuisance: float, radius: float, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        HiddenBit(dimension, nuisance, radius)


def test_a_seed_decides_the_sample() -> None:
    model = HiddenBit(dimension=6)
    points, labels = model.sample(50, seed=3)
    again, same = model.sample(50, seed=3)
    np.testing.assert_array_equal(points, again)
    np.testing.assert_array_equal(labels, same)
    assert (model.sample(50, seed=4)[0] != points).any()
    assert points.dtype == np.float64
    assert labels.dtype == np.int64
    assert (points.shape, labels.shape) == ((50, 7), (50,))


def test_points_are_corners_with_their_label_as_last_coordinate() -> None:
    points, labels = HiddenBit(dimension=5, nuisance=0.3, radius=0.4).sample(200, seed=1)
    np.testing.assert_array_equal(points[:, 5], 0.3 * labels)
    np.testing.assert_array_equal(np.abs(points[:, :5]), 1.0)


def test_samples_of_one_world_agree_on_the_label_of_a_corner() -> None:
    model = HiddenBit(dimension=5)
    truth = model.truth(0)
    for points, labels in (model.sample(300, 0), model.sample(300, 1, world=0)):
        np.testing.assert_array_equal(labels, truth[corner_numbers(points[:, :5])])
    assert (model.truth(1) != truth).any()
    assert (model.sample(300, 1, world=0)[0][:, :5] != model.sample(300, 0)[0][:, :5]).any()


def test_the_label_does_not_show_in_the_draw_of_corners() -> None:
    """World and corners of one seed come from different streams; from one, their first draws would be equal."""
    model = HiddenBit(dimension=1)
    agree = np.mean([model.sample(1, seed)[0][0, 0] == model.truth(seed)[0] for seed in range(2_000)])
    assert abs(agree - 0.5) <= 4 * 0.5 / np.sqrt(2_000)  # fails for 1 in 16,000 choices of seeds


def test_the_robust_classifier_withstands_every_perturbation_below_one() -> None:
    model = HiddenBit(dimension=4, nuisance=0.5, radius=0.9)
    points, labels = model.sample(5_000, seed=7)
    noise = np.random.default_rng(0).standard_normal(points.shape)
    noise *= 0.999_999 / np.linalg.norm(noise, axis=1, keepdims=True)
    single = -0.999_999 * np.eye(5)[np.arange(5_000) % 5] * points.round()  # straight at one coordinate
    for perturbation in (np.zeros_like(points), noise, single):
        np.testing.assert_array_equal(model.classify_robustly(points + perturbation, world=7), labels)


def test_what_cannot_be_sampled_says_so() -> None:
    with pytest.raises(ValueError, match="dimension 21"):
        HiddenBit(dimension=21).sample(1, seed=0)
    with pytest.raises(ValueError, match="n -1"):
        HiddenBit().sample(-1, seed=0)
    with pytest.raises(ValueError, match="seed -2"):
        HiddenBit().sample(1, seed=-2)
    with pytest.raises(ValueError, match="seed -1"):
        HiddenBit().sample(1, seed=0, world=-1)
    assert HiddenBit().sample(0, seed=0)[0].shape == (0, 11)
