"""The estimators are scikit-learn's: its own checks, and its tools around them."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from analysis.estimators import LipschitzClassifier, PrincipalBand, StandardClassifier

QUICK = {"steps": 20, "width": 8, "depth": 2}
CLASSIFIERS = (LipschitzClassifier(**QUICK), StandardClassifier(**QUICK))
DIGITS = load_digits(return_X_y=True)
IRIS = load_iris(return_X_y=True)
either = pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda classifier: type(classifier).__name__)


@parametrize_with_checks([*CLASSIFIERS, PrincipalBand(), PrincipalBand(output="pixels")])
def test_scikit_learn_accepts_them(estimator: Any, check: Any) -> None:
    check(estimator)


@either
def test_a_search_in_a_pipeline_by_certified_accuracy(classifier: Any) -> None:
    pipeline = make_pipeline(PrincipalBand(), classifier)
    name = type(classifier).__name__.lower()
    grid = {"principalband__bands": [(0, 2), (1, None)], f"{name}__offset": [0.1, 0.5]}

    def certified(fitted: Any, features: Any, labels: Any) -> float:
        return float(fitted[-1].robust_score(fitted[:-1].transform(features), labels, 0.01))

    search = GridSearchCV(pipeline, grid, scoring=certified, cv=2).fit(*IRIS)
    assert search.best_params_["principalband__bands"] == (0, 2)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@either
def test_learning_curves(classifier: Any) -> None:
    sizes, training, test = learning_curve(classifier, *IRIS, train_sizes=[20, 60], cv=2, shuffle=True, random_state=0)
    assert sizes.tolist() == [20, 60]
    assert training.shape == test.shape == (2, 2)
    assert test.mean() > 0.5


@either
def test_clones_and_pickles_say_the_same(classifier: Any) -> None:
    """To the bit, and torch's global generator is left alone."""
    import torch

    torch.manual_seed(7)
    before = torch.get_rng_state()
    first = clone(classifier).fit(*IRIS)
    assert torch.equal(before, torch.get_rng_state())
    second, again = clone(first).fit(*IRIS), pickle.loads(pickle.dumps(first))
    for other in (second, again):
        assert np.array_equal(first.decision_function(IRIS[0]), other.decision_function(IRIS[0]))
        assert np.array_equal(first.certified_radius(IRIS[0]), other.certified_radius(IRIS[0]))
    other = clone(classifier).set_params(seed=1).fit(*IRIS)
    assert not np.array_equal(first.decision_function(IRIS[0]), other.decision_function(IRIS[0]))


def test_digits_are_learned_and_certified() -> None:
    """With the defaults but fewer steps: an accuracy of 0.97, and 0.85 certified at a radius of 4 of 16 levels."""
    features, labels = DIGITS
    classifier = LipschitzClassifier(steps=200).fit(features[::3], labels[::3])
    rest, truth = features[1::3], labels[1::3]
    assert classifier.score(rest, truth) > 0.92
    assert classifier.robust_score(rest, truth, 4.0) > 0.6
    scores = [classifier.robust_score(rest, truth, radius) for radius in (0, 2, 4, 8, 64)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] <= classifier.score(rest, truth)
    assert scores[-1] == 0


@either
def test_names_of_classes_come_back(classifier: Any) -> None:
    names = np.array(["setosa", "versicolor", "virginica"])[IRIS[1]]
    fitted = clone(classifier).fit(IRIS[0], names)
    assert set(fitted.predict(IRIS[0])) <= set(names)
    assert fitted.decision_function(IRIS[0]).shape == (150, 3)
    assert fitted.robust_score(IRIS[0], names, 0.0) > 0.5


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (LipschitzClassifier(method="AOK"), "unknown method 'AOK'; known are AOL"),
        (LipschitzClassifier(width=7), "width must be even"),
        (LipschitzClassifier(steps=0), "steps must be at least 1, got 0"),
        (LipschitzClassifier(offset=-1.0), "offset must not be negative"),
        (StandardClassifier(batch_size=1), "batch_size must be at least 2, got 1"),
        (StandardClassifier(seed=-1), "seed must be at least 0, got -1"),
        (StandardClassifier(learning_rate=0.0), "learning_rate must be positive and finite, got 0.0"),
        (StandardClassifier(device="abacus"), "device 'abacus' cannot be used"),
    ],
)
def test_impossible_parameters_are_refused(classifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        classifier.fit(*IRIS)


def test_a_negative_radius_is_refused() -> None:
    with pytest.raises(ValueError, match="radius must not be negative, got -1"):
        clone(CLASSIFIERS[0]).fit(*IRIS).robust_score(*IRIS, -1)
