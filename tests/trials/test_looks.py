"""Looks find what the layers are after each of the steps, and leave no trace on the training."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.runner.store import identity
from analysis.trials import Trial, run_trials
from analysis.trials.company import company

LOOKS = (0, 7, 30)


@pytest.fixture(scope="module")
def looked(robust: Trial) -> dict[str, Any]:
    (record,) = run_trials([replace(robust, looks=LOOKS)])
    return record


def test_the_training_is_the_same_bit_by_bit(looked: dict[str, Any], robust_record: dict[str, Any]) -> None:
    assert looked["outcome"] == robust_record["outcome"]
    np.testing.assert_array_equal(looked["arrays"]["radii"], robust_record["arrays"]["radii"])


def test_there_is_a_row_for_each_look(looked: dict[str, Any]) -> None:
    arrays = looked["arrays"]
    assert arrays["singular_values"].shape == (3, 2, 32)
    assert arrays["bounds"].shape == arrays["slopes"].shape == (3,)
    assert arrays["gram"].shape == (32, 32)


def test_layers_begin_orthogonal_and_leave(looked: dict[str, Any]) -> None:
    """The first layer is wide, its rows orthonormal; the bound of AOL then is exact."""
    values = looked["arrays"]["singular_values"]
    np.testing.assert_allclose(values[0], 1, atol=1e-6)
    assert (values[1:].min(axis=2) < 0.99).all()
    assert (np.diff(values, axis=2) <= 0).all()
    assert (values <= 1 + 1e-6).all()


def test_bounds_are_products_of_norms_and_above_the_slopes(looked: dict[str, Any]) -> None:
    arrays = looked["arrays"]
    np.testing.assert_allclose(arrays["bounds"], arrays["singular_values"].max(axis=2).prod(axis=1), rtol=1e-10)
    assert (arrays["slopes"] <= arrays["bounds"] + 1e-12).all()
    assert (arrays["slopes"] > 0).all()


def test_the_last_look_is_at_the_network_that_is_measured(looked: dict[str, Any]) -> None:
    assert looked["arrays"]["bounds"][-1] == looked["outcome"]["lipschitz"]
    gram, values = looked["arrays"]["gram"], looked["arrays"]["singular_values"][-1, 1]
    np.testing.assert_allclose(np.trace(gram), (values**2).sum(), rtol=1e-5)


def test_of_a_training_that_diverged_nothing_is_kept(robust: Trial) -> None:
    (record,) = run_trials([replace(robust, model="CPL-MLP", learning_rate=1e30, looks=(0, 1, 30))])
    assert record["outcome"]["diverged"] is not None
    assert record["arrays"] == {}


def test_only_networks_with_a_bound_are_looked_into(standard: Trial) -> None:
    with pytest.raises(ValueError, match="looks are into 1-Lipschitz networks, of which MLP is none"):
        run_trials([replace(standard, looks=(0,))])


@pytest.mark.parametrize("looks", [(3, 1), (1, 1), (0, 31)], ids=str)
def test_looks_rise_and_end_with_the_training(robust: Trial, looks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"looks must rise, to at most the 30 steps"):
        replace(robust, looks=looks)


@pytest.mark.parametrize("looks", [[0, 1], (0.0,), 3], ids=str)
def test_looks_are_a_tuple_of_steps(robust: Trial, looks: object) -> None:
    with pytest.raises(TypeError, match="look"):
        replace(robust, looks=looks)


def test_a_look_is_at_no_step_before_the_first(robust: Trial) -> None:
    with pytest.raises(ValueError, match="a look must be at least 0, got -1"):
        replace(robust, looks=(-1, 3))


def test_a_trial_that_is_looked_into_is_another_one_and_trained_alone(robust: Trial) -> None:
    trial = replace(robust, looks=LOOKS)
    assert identity(trial) != identity(robust)
    assert company(trial) != company(robust)
    assert company(trial) != company(replace(trial, seed=1))
