"""Fits of N: what can represent it does, what cannot stays as far away as is proven, and what is measured is true."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from analysis import runner
from analysis.models.replicas import Replicas
from analysis.theory import NFunction
from analysis.training import DivergedError
from analysis.trials import Fit, Trial, content, fitting, plan, run_trials

FOLDS = Fit(activation="Abs", width=1, depth=2, layer="AOL", restarts=6, steps=250, learning_rate=0.03)
ONE_LAYER = Fit(activation="MaxMin", width=8, depth=1, restarts=10, steps=300, learning_rate=0.03)
TOY = Fit(activation="N-near", width=4, depth=2, aim="squares", layer="AOL", spread=0, steps=50, restarts=3)


@pytest.fixture(scope="module")
def records() -> dict[Fit, dict[str, Any]]:
    """Of fits that are asked for together with others."""
    fits = [FOLDS, ONE_LAYER, TOY]
    return dict(zip(fits, run_trials(fits), strict=True))


def test_compositions_of_two_folds_are_no_nearer_than_enumerated(records: dict[Fit, dict[str, Any]]) -> None:
    nearest = NFunction().fold_distance()[0]
    arrays = records[FOLDS]["arrays"]
    assert (arrays["high"] >= nearest).all()
    assert arrays["low"].min() <= nearest + 0.05  # AOL makes 1 or -1 of one number, and the nearest have other slopes


def test_one_layer_of_maxmin_comes_as_near_as_is_proven_and_no_nearer(records: dict[Fit, dict[str, Any]]) -> None:
    nearest = NFunction().one_layer_distance()
    arrays = records[ONE_LAYER]["arrays"]
    assert (arrays["high"] >= nearest).all()
    assert arrays["low"].min() <= nearest + 0.01


def test_n_activations_fit_n() -> None:
    fit = Fit(activation="N-near", width=2, depth=1, restarts=10, steps=400, learning_rate=0.03)
    (record,) = run_trials([fit])
    assert record["outcome"]["distance"] < 0.01
    assert record["outcome"]["certified"] < 0.0103


def test_n_activations_represent_n(monkeypatch: pytest.MonkeyPatch) -> None:
    """With thresholds at its kinks, and matrices that are the identity, nothing is left but the grid's correction."""

    def set_weights(replicas: Replicas, *_: object) -> torch.Tensor:
        with torch.no_grad():
            replicas.parameter.zero_()
            replicas.biases.zero_()
            replicas.activations[0].get_parameter("stored").copy_(torch.tensor([[-0.5], [0.5]]))
        return torch.zeros(replicas.count)

    monkeypatch.setattr(fitting, "train_replicas", set_weights)
    (record,) = run_trials([Fit(activation="N-near", width=2, depth=1, restarts=2)])
    assert record["outcome"]["distance"] == 0
    assert record["outcome"]["certified"] == pytest.approx(6 / (fitting.MEASURED - 1), rel=1e-6)
    assert record["arrays"]["mse"].max() < 1e-28
    x = np.linspace(-3, 3, fitting.SHOWN)
    np.testing.assert_allclose(record["arrays"]["curve"], NFunction()(x), atol=1e-6)


@pytest.mark.parametrize("fit", [FOLDS, TOY], ids=["maximum", "squares"])
def test_a_record_holds_what_it_says(records: dict[Fit, dict[str, Any]], fit: Fit) -> None:
    record = records[fit]
    arrays, outcome = record["arrays"], record["outcome"]
    assert arrays["low"].shape == arrays["high"].shape == arrays["mse"].shape == (fit.restarts,)
    assert ((arrays["high"] - arrays["low"]) > 0).all()
    assert ((arrays["high"] - arrays["low"]) < 2.6e-4).all()
    assert (arrays["mse"] <= arrays["low"] ** 2 + 1e-9).all()  # a mean is no larger than a maximum
    assert outcome["distance"] == arrays["low"].min()
    assert 0.9 < outcome["lipschitz"] <= 1 + 1e-9
    errors = np.abs(arrays["curve"] - NFunction()(np.linspace(-3, 3, fitting.SHOWN)))
    assert outcome["distance"] - 0.01 - 1e-6 <= errors.max() <= outcome["distance"] + 1e-6
    assert outcome["diverged"] is None
    assert record["data"] == content(Fit.dataset)["data"]


def test_the_toy_experiment_learns_from_each_network_s_own_inputs(records: dict[Fit, dict[str, Any]]) -> None:
    (longer,) = run_trials([replace(TOY, steps=200)])
    assert longer["arrays"]["mse"].max() < records[TOY]["arrays"]["mse"].min()
    assert len(set(records[TOY]["arrays"]["mse"])) == TOY.restarts


@pytest.mark.parametrize("fit", [FOLDS, TOY], ids=["maximum", "squares"])
def test_a_fit_is_the_same_again(records: dict[Fit, dict[str, Any]], fit: Fit) -> None:
    (again,) = run_trials([fit])
    for name, array in again["arrays"].items():
        np.testing.assert_array_equal(array, records[fit]["arrays"][name])


def test_a_larger_power_is_nearer_to_the_maximum() -> None:
    """The loss is the mean error to a power: between root mean square and maximum, and at the end close to this."""
    replicas = Replicas(2, width=2, depth=1, layer="Cayley", activation="Abs", spread=1.0)
    losses = fitting._towards_maximum(replicas, 10, torch.device("cpu"))
    x = torch.linspace(-3, 3, fitting.EVEN).expand(2, -1)
    errors = (replicas(x) - torch.from_numpy(NFunction()(x.numpy())).float()).abs()
    torch.testing.assert_close(losses(0), errors.square().mean(dim=1).sqrt())
    assert (losses(0) < losses(5)).all()
    assert (losses(5) < losses(10)).all()
    assert (losses(10) > errors.amax(dim=1) * fitting.EVEN ** (-1 / fitting.LAST_NORM) * 0.999).all()


def test_records_are_kept_and_not_made_again(tmp_path: Path) -> None:
    fits = [replace(TOY, steps=2), replace(TOY, steps=2, seed=1)]
    store = runner.Store(tmp_path, drawer=lambda fit: fit.dataset)
    with runner.executor("serial", None) as executor:
        options: dict[str, Any] = {"plan": plan, "content": content(Fit.dataset), "progress": False}
        assert runner.run(run_trials, fits[:1], store, executor, **options) == 1
        assert runner.run(run_trials, fits, store, executor, **options) == 1
        assert runner.run(run_trials, fits, store, executor, **options) == 0
    assert {path.parent.name for path in store} == {"n-function"}
    assert store.missing(fits, content={"data": "another function"}) == fits


def test_a_fit_without_finite_values_is_no_record() -> None:
    with pytest.raises(DivergedError):
        run_trials([replace(TOY, learning_rate=1e38, steps=20)])


def test_names_are_checked_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "train_replicas", lambda *_: pytest.fail("trained"))
    good = Fit(activation="Abs", width=1, depth=1)
    with pytest.raises(ValueError, match="unknown activation 'ReLU'; known are MaxMin"):
        run_trials([good, replace(good, activation="ReLU")])
    with pytest.raises(ValueError, match="unknown layer 'SOC'; known are AOL, Cayley"):
        run_trials([good, replace(good, layer="SOC")])
    with pytest.raises(ValueError, match="MaxMin needs an even number of channels, got 1"):
        run_trials([good, replace(good, activation="MaxMin")])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"width": 0}, ValueError, "width must be at least 1, got 0"),
        ({"depth": 1.5}, TypeError, "depth must be a whole number, got 1.5"),
        ({"restarts": 0}, ValueError, "restarts must be at least 1, got 0"),
        ({"aim": "median"}, ValueError, "unknown aim 'median'; known are maximum, squares"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be positive and finite, got 0"),
        ({"spread": -1}, ValueError, "spread must not be negative and be finite, got -1"),
        ({"spread": "wide"}, TypeError, "spread must be a number, got 'wide'"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
    ],
)
def test_impossible_values_are_refused(change: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Fit(**{"activation": "Abs", "width": 1, "depth": 1} | change)


def test_equal_numbers_make_equal_names() -> None:
    assert runner.identity(replace(TOY, spread=0)) == runner.identity(replace(TOY, spread=0.0))
    assert runner.identity(TOY) != runner.identity(Trial(dataset="digits", model="MLP"))
