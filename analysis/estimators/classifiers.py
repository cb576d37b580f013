"""The two classifiers of the studies, as scikit-learn's."""

from abc import ABC, abstractmethod
from math import sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from analysis.estimators.frame import Array, Frame

WIDTH = 64  # unless there are more classes
MARGIN = 1 / 8  # of the data's unit: the radius whose margin is asked for by default


class NetworkClassifier(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn is not typed
    """What both classifiers do: train a network on features around their mean, and ask it.

    Features are any finite numbers. Their mean is subtracted and nothing is standardised, so that every radius is an
    l2 distance in the units of the features (see :class:`analysis.estimators.frame.Frame`). The same arguments and data
    give the same classifier.
    """

    width: int | None
    depth: int
    offset: float | None
    temperature: float | None
    steps: int
    batch_size: int
    learning_rate: float
    momentum: float
    seed: int
    device: str | None

    @abstractmethod
    def _model(self) -> str:
        """Name of the network, as for ``models.build``."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803  # scikit-learn's name
        """Train.

        Args:
            X: Features, shape ``(n, features)``, finite.
            y: Classes, shape ``(n,)``: numbers or strings, two or more different ones.

        Returns:
            The classifier.

        Raises:
            ValueError: If there is one class only, or a parameter is impossible.
        """
        from analysis.estimators.network import Recipe, trained  # torch is loaded here

        features, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        count = len(self.classes_)
        if count < 2:
            raise ValueError(f"{type(self).__name__} needs two or more classes, got 1 class: {self.classes_[0]!r}")
        self.frame_ = Frame.of(features)
        offset, temperature = self._margin(self.frame_.unit)
        recipe = Recipe(
            model=self._model(),
            classes=count,
            width=max(WIDTH, count + count % 2) if self.width is None else self.width,
            depth=self.depth,
            offset=offset / self.frame_.unit,
            temperature=temperature / self.frame_.unit,
            steps=self.steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            seed=self.seed,
            device=self.device,
        )
        self.network_ = trained(recipe, self.frame_.inside(features), labels.astype(np.int64))
        return self

    def decision_function(self, X: ArrayLike) -> Array:  # noqa: N803
        r"""Scores of the classes, in the units of the features.

        Args:
            X: Features, shape ``(n, features)``, finite.

        Returns:
            Shape ``(n, classes)``; for two classes shape ``(n,)``, the score of the second less that of the first. Of a
            1-Lipschitz network the difference of two scores, divided by :math:`\sqrt 2`, is a certified radius.
        """
        scores = self._scores(self._inside(X)) * self.frame_.unit
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Give the class of the largest score.

        Args:
            X: Features, shape ``(n, features)``, finite.

        Returns:
            Classes, shape ``(n,)``.
        """
        inside = self._inside(X)
        predicted: NDArray[Any] = self.classes_[self._scores(inside).argmax(axis=1)]
        return predicted

    def certified_radius(self, X: ArrayLike) -> Array:  # noqa: N803
        r"""L2 distance within which a prediction is proven not to change, whatever the direction.

        The margin divided by :math:`\sqrt 2` times a proven bound on the network's Lipschitz constant, minus rounding
        (:func:`analysis.evaluation.sound_radii`).

        Args:
            X: Features, shape ``(n, features)``, finite.

        Returns:
            Shape ``(n,)``, in the units of the features; 0 where nothing is proven.
        """
        from analysis.estimators.network import radii_of

        inside = self._inside(X)
        labels = self._scores(inside).argmax(axis=1)
        return self.frame_.radii(radii_of(self.network_, inside, labels, self.device), inside)

    def robust_score(self, X: ArrayLike, y: ArrayLike, radius: float) -> float:  # noqa: N803
        """Certified accuracy: the share of points that are classified correctly and certified beyond a radius.

        Args:
            X: Features, shape ``(n, features)``, finite.
            y: True classes, shape ``(n,)``.
            radius: L2, in the units of the features, not negative.

        Returns:
            A fraction: a lower bound on the accuracy on points that an adversary may move by the radius.

        Raises:
            ValueError: If the radius is negative.

        Example:
            >>> GridSearchCV(classifier, grid, scoring=lambda fitted, X, y: fitted.robust_score(X, y, 0.25))
        """
        if not radius >= 0:
            raise ValueError(f"radius must not be negative, got {radius}")
        correct = self.predict(X) == np.asarray(y)
        return float((correct & (self.certified_radius(X) > radius)).mean())

    def _inside(self, X: ArrayLike) -> Array:  # noqa: N803
        check_is_fitted(self)
        features: Array = validate_data(self, X, dtype=np.float64, reset=False)
        return self.frame_.inside(features)

    def _scores(self, inside: Array) -> Array:
        from analysis.estimators.network import scores_of

        return scores_of(self.network_, inside, self.device)

    def _margin(self, unit: float) -> tuple[float, float]:
        """Offset and temperature, half as sharp as the radius is wide where they are not given."""
        offset = sqrt(2) * MARGIN * unit if self.offset is None else self.offset
        if self.temperature is not None:
            return offset, self.temperature
        return offset, offset / sqrt(8) if offset else unit


class LipschitzClassifier(NetworkClassifier):
    r"""Classifier whose predictions come with certificates: a 1-Lipschitz multilayer perceptron.

    Trained for the margin of a radius :math:`\varepsilon` (:class:`analysis.losses.OffsetCrossEntropy` with
    :math:`u = \sqrt 2\, \varepsilon`; Prach and Lampert 2022, arXiv 2208.03160) by SGD under a one-cycle schedule.

    Args:
        method: Of its dense layers: a name in ``analysis.lipschitz.LINEAR``, such as ``AOL``, ``CPL`` or ``SOC``.
        width: Of its hidden layers, even; None for 64, or the number of classes where it is larger.
        depth: Number of its dense layers.
        offset: Margin that training asks for, in the units of the features: :math:`\sqrt 2` times the radius aimed at.
            None for the radius of an eighth of the data's size, ``frame_.unit``.
        temperature: Of the loss, in the units of the features; None for half the radius aimed at.
        steps: Of the optimiser.
        batch_size: Points in each step.
        learning_rate: Peak of the schedule.
        momentum: Nesterov momentum.
        seed: Decides initial weights and the order of the points.
        device: Where torch computes; None for CUDA where there is one, else the processor.

    Attributes:
        classes_: The classes, sorted, shape ``(classes,)``.
        n_features_in_: Number of features.
        frame_: Mean and unit of the training features, an :class:`analysis.estimators.frame.Frame`.
        network_: The trained network with its weights written out, on the processor: it takes features in the frame.

    Example:
        >>> classifier = LipschitzClassifier(offset=2**0.5 * 0.25).fit(X, y)
        >>> classifier.certified_radius(X), classifier.robust_score(X, y, 0.25)
    """

    def __init__(
        self,
        *,
        method: str = "AOL",
        width: int | None = None,
        depth: int = 4,
        offset: float | None = None,
        temperature: float | None = None,
        steps: int = 500,
        batch_size: int = 64,
        learning_rate: float = 0.5,
        momentum: float = 0.9,
        seed: int = 0,
        device: str | None = None,
    ) -> None:
        self.method = method
        self.width = width
        self.depth = depth
        self.offset = offset
        self.temperature = temperature
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.seed = seed
        self.device = device

    def _model(self) -> str:
        from analysis.lipschitz import LINEAR

        if self.method not in LINEAR:
            raise ValueError(f"unknown method {self.method!r}; known are {', '.join(LINEAR)}")
        return f"{self.method}-MLP"


class StandardClassifier(NetworkClassifier):
    """The ordinary classifier beside :class:`LipschitzClassifier`: a multilayer perceptron with batch normalisation.

    Its certificates are as sound, and next to nothing: the product of its layers' norms is large. They say what is
    proven of it, not how robust it is; :func:`analysis.evaluation.attack` bounds that from above.

    Args:
        width: Of its hidden layers; None for 64, or the number of classes where it is larger.
        depth: Number of its dense layers.
        offset: Margin that training asks for, in the units of the features; None for an eighth of the data's size.
        temperature: Of the loss, in the units of the features; None for that of :class:`LipschitzClassifier`.
        steps: Of the optimiser.
        batch_size: Points in each step, at least 2.
        learning_rate: Peak of the schedule.
        momentum: Nesterov momentum.
        seed: Decides initial weights and the order of the points.
        device: Where torch computes; None for CUDA where there is one, else the processor.

    Attributes:
        classes_: The classes, sorted, shape ``(classes,)``.
        n_features_in_: Number of features.
        frame_: Mean and unit of the training features, an :class:`analysis.estimators.frame.Frame`.
        network_: The trained network, on the processor: it takes features in the frame.

    Example:
        >>> StandardClassifier(steps=1000).fit(X, y).score(X, y)
    """

    def __init__(
        self,
        *,
        width: int | None = None,
        depth: int = 3,
        offset: float | None = 0.0,
        temperature: float | None = None,
        steps: int = 500,
        batch_size: int = 64,
        learning_rate: float = 0.1,
        momentum: float = 0.9,
        seed: int = 0,
        device: str | None = None,
    ) -> None:
        self.width = width
        self.depth = depth
        self.offset = offset
        self.temperature = temperature
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.seed = seed
        self.device = device

    def _model(self) -> str:
        return "MLP"
