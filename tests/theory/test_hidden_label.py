"""Any number of classes, and noise: closed forms against enumeration and simulation."""

from itertools import product

import numpy as np
import pytest

from analysis.theory import HiddenBit, HiddenLabel, simulate
from analysis.theory.cube import corner_numbers

STANDARD_ERRORS = 4  # of the simulated mean
REPEATS = 400
SETTINGS = [(2, 0.0), (2, 0.25), (3, 0.4), (10, 0.2)]


def code_found(classes: int, noise: float, n: int) -> float:
    """Probability that the most frequent of n shifts is 0, by enumeration."""
    chance = np.array([1 - noise] + [noise / (classes - 1)] * (classes - 1))
    found = 0.0
    for shifts in product(range(classes), repeat=n):
        votes = np.bincount(shifts, minlength=classes)
        found += chance[list(shifts)].prod() * (votes[0] == votes.max()) / (votes == votes.max()).sum()
    return found


@pytest.mark.parametrize(("classes", "noise", "n"), [(2, 0.3, 7), (2, 0.5, 4), (3, 0.4, 5), (4, 0.1, 5), (5, 0.8, 4)])
def test_votes_find_the_code_as_by_enumeration(classes: int, noise: float, n: int) -> None:
    found = code_found(classes, noise, n)
    model = HiddenLabel(30, classes=classes, noise=noise)  # in which no corner repeats
    expected = 1 - (1 - noise) * found - noise / (classes - 1) * (1 - found)
    assert model.standard_error(n) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("classes", "noise"), SETTINGS)
@pytest.mark.parametrize("n", [0, 1, 2, 6, 40])
def test_learners_meet_their_closed_forms(classes: int, noise: float, n: int) -> None:
    model = HiddenLabel(5, classes=classes, noise=noise)
    for learner in model.learners:
        errors = simulate(model, n, learner=learner, repeats=REPEATS, seed=1)
        allowed = STANDARD_ERRORS * errors.standard.std(ddof=1) / REPEATS**0.5
        assert abs(errors.standard.mean() - model.standard_error(n, learner)) <= allowed + 1e-12
        allowed = STANDARD_ERRORS * errors.robust.std(ddof=1) / REPEATS**0.5
        if learner == "table":
            assert abs(errors.robust.mean() - model.robust_error(n)) <= allowed + 1e-12
        assert errors.robust.mean() >= model.robust_error(n) - allowed - 1e-12


@pytest.mark.parametrize(("noise", "n"), [(0.0, 1), (0.3, 1), (0.3, 2)])
def test_no_learner_is_more_accurate(noise: float, n: int) -> None:
    """Best answers for d = 1 and two classes, over all worlds, samples and symbols."""
    risk: dict[tuple, np.ndarray] = {}
    draws = list(product(range(2), [(0, 1 - noise), (1, noise)]))
    for truth in product(range(2), repeat=2):
        for code in range(2):
            for sample in product(draws, repeat=n):
                seen = tuple((z, truth[z], (truth[z] + code + b) % 2) for z, (b, _) in sample)
                weight = np.prod([p / 2 for _, (_, p) in sample]) / 8
                for z, (b, p) in draws:
                    key = (seen, z, (truth[z] + code + b) % 2)
                    risk.setdefault(key, np.zeros(2))[truth[z]] += weight * p / 2
    smallest = sum(weights.min() for weights in risk.values())
    assert HiddenLabel(1, noise=noise).standard_error(n) == pytest.approx(smallest, abs=1e-12)


def test_without_noise_two_classes_are_the_hidden_bit() -> None:
    n = np.arange(50)
    np.testing.assert_allclose(HiddenLabel(6).robust_error(n), HiddenBit(6).robust_error(n), rtol=1e-12)
    np.testing.assert_allclose(HiddenLabel(6).standard_error(n), HiddenBit(6).standard_error(n), atol=1e-9)


def test_accuracy_is_easy_whatever_the_dimension() -> None:
    """One minus the noise, but for a percent, after fifty samples; robust error is still at chance."""
    model = HiddenLabel(100, classes=10, noise=0.3)
    assert model.standard_error(0) == pytest.approx(0.9)
    assert model.standard_error(50) == pytest.approx(0.3, abs=0.01)
    assert model.robust_error(10**6) == pytest.approx(0.9, rel=1e-12)


@pytest.mark.parametrize(("classes", "noise"), SETTINGS)
def test_the_standard_curve_falls(classes: int, noise: float) -> None:
    """Never by adding a sample does it rise, but for the rounding of the sums."""
    errors = HiddenLabel(8, classes=classes, noise=noise).standard_error(np.arange(30))
    assert (np.diff(errors) <= 1e-12).all()


def test_points_show_their_label_but_for_code_and_noise() -> None:
    model = HiddenLabel(4, nuisance=0.2, radius=0.3, classes=3, noise=0.4)
    points, labels = model.sample(20_000, seed=1, world=5)
    assert points.shape == (20_000, 7)
    np.testing.assert_array_equal(np.sort(points[:, 4:], axis=1), np.tile([0, 0, 0.2], (20_000, 1)))
    shifts = np.bincount((points[:, 4:].argmax(axis=1) - labels) % 3, minlength=3) / 20_000
    assert np.sort(shifts) == pytest.approx([0.2, 0.2, 0.6], abs=4 * 0.5 / 20_000**0.5)
    other, others = model.sample(500, seed=2, world=5)
    answers = dict(zip(corner_numbers(points[:, :4]).tolist(), labels.tolist(), strict=True))
    assert [answers[z] for z in corner_numbers(other[:, :4]).tolist()] == others.tolist()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"dimension": 0}, "dimension 0"),
        ({"nuisance": 0.3}, "nuisance 0.3 and radius 0.1"),
        ({"radius": 1.0}, "radius 1.0"),
        ({"classes": 1}, "classes 1"),
        ({"classes": 2.5}, "classes 2.5"),
        ({"noise": 0.6}, "noise 0.6"),
        ({"noise": -0.1}, "noise -0.1"),
        ({"noise": float("nan")}, "noise nan"),
    ],
)
def test_settings_that_break_the_proof_are_refused(changes: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        HiddenLabel(**changes)


def test_what_cannot_be_answered_says_so() -> None:
    with pytest.raises(ValueError, match="dimension 21"):
        HiddenLabel(dimension=21).sample(1, seed=0)
    with pytest.raises(ValueError, match=r"'nearest'.*table, vote"):
        HiddenLabel().standard_error(1, "nearest")
    with pytest.raises(ValueError, match="whole number"):
        HiddenLabel().robust_error(-1)
