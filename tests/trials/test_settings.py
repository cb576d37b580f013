"""Networks on the distributions of the theory: they learn, and none beats what holds for every classifier."""

from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from analysis.theory import GaussianMixture, HiddenBit, HiddenLabel, SpikedLinear, TwoPoints, as_data_set
from analysis.theory.cube import corner_numbers
from analysis.theory.pixels import Setting
from analysis.trials import Trial, run_trials

TEST = 4_000
ERRORS = 4 / sqrt(TEST)  # eight standard errors of a share at most: what is tested holds in expectation
BUDGET = {"width": 32, "depth": 2, "steps": 300, "batch_size": 64}


def trained(setting: Setting, train: int, reach: float, folder: Path, radius: float) -> tuple[float, float, float]:
    """Accuracy of a standard and of an AOL network, and what the latter certifies at a radius of the setting."""
    np.savez(folder / "setting.npz", **as_data_set(setting, train, TEST, reach=reach))  # type: ignore[arg-type]
    radius /= 2 * reach
    margin = {"offset": sqrt(2) * radius, "temperature": radius / 2, "learning_rate": 0.3}
    trials = [
        Trial(dataset="setting", model="MLP", **BUDGET),  # type: ignore[arg-type]
        Trial(dataset="setting", model="AOL-MLP", **BUDGET, **margin),  # type: ignore[arg-type]
    ]
    standard, robust = run_trials(trials, data_dir=folder)
    certified = float((robust["arrays"]["radii"] >= radius).mean())
    return standard["outcome"]["accuracy"], robust["outcome"]["accuracy"], certified


def test_no_network_beats_the_best_classifiers_of_the_gaussian_mixture(tmp_path: Path) -> None:
    world = GaussianMixture(dimension=16, noise=2.0, radius=1.0, norm="l2")
    accuracies = trained(world, 1_000, 12.0, tmp_path, world.radius)
    assert max(accuracies[:2]) <= 1 - world.best_standard_error + ERRORS
    assert accuracies[2] <= 1 - world.best_robust_error + ERRORS
    assert min(accuracies[:2]) > 0.9
    assert accuracies[2] > 0.75


def test_no_network_is_more_robust_on_the_hidden_bit_than_any_learner_can_be(tmp_path: Path) -> None:
    """In a world drawn at random a learner may be lucky on the 2^d corners: 1 / sqrt(2^d) is four such deviations."""
    world = HiddenBit(dimension=8, nuisance=25 / 255, radius=25 / 255)
    accuracies = trained(world, 128, 1.0, tmp_path, world.radius)
    assert accuracies[2] <= 1 - world.robust_error(128) + 2 / sqrt(2**8)
    assert accuracies[2] > 0.5


def test_no_network_beats_the_best_classifiers_of_the_spiked_model(tmp_path: Path) -> None:
    world = SpikedLinear(weak=15, weak_mean=0.2, weak_deviation=0.4, radius=0.5)
    accuracies = trained(world, 1_000, 8.0, tmp_path, world.radius)
    assert max(accuracies[:2]) <= 1 - world.standard_error((0, None)) + ERRORS
    assert accuracies[2] <= 1 - world.robust_error((0, None)) + ERRORS
    assert min(accuracies[:2]) > 0.9


@pytest.mark.parametrize(
    ("setting", "classes", "reach"),
    [
        (HiddenBit(dimension=4), 2, 1.0),
        (HiddenLabel(dimension=4, classes=5), 5, 1.0),
        (GaussianMixture(dimension=4), 2, 16.0),
        (SpikedLinear(weak=3), 2, 8.0),
        (TwoPoints(), 2, 1.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_setting_is_a_data_set(setting: Setting, classes: int, reach: float) -> None:
    arrays = as_data_set(setting, 200, 100, reach=reach, seed=3)
    assert sorted(arrays) == ["x_test", "x_train", "y_test", "y_train"]
    assert len(arrays["x_train"]) == 200
    assert set(arrays["y_train"]) == set(range(classes))
    again = as_data_set(setting, 200, 100, reach=reach, seed=4)
    assert setting == TwoPoints() or not np.array_equal(arrays["x_train"], again["x_train"])


def test_training_and_test_points_come_from_one_world_and_are_not_the_same() -> None:
    world = HiddenBit(dimension=10, nuisance=0.5, radius=0.5)
    arrays = as_data_set(world, 300, 300, seed=5)
    for split in ("train", "test"):
        signs = np.where(arrays[f"x_{split}"][:, 0, :10, 0] > 127, 1.0, -1.0)
        assert len(np.unique(signs, axis=0)) > 200
        np.testing.assert_array_equal(world.truth(5)[corner_numbers(signs)], 2 * arrays[f"y_{split}"] - 1)
    assert not np.array_equal(arrays["x_train"], arrays["x_test"])
