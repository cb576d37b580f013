"""A mixture of Gaussians in pixel space, fitted to the images of one class.

In the directions of largest variance the parts have full covariances, fitted by scikit-learn; in all others each part
has its own mean and variances. So no direction in which the class varies is left without variance: the low-variance
tail is drawn anew too, as no tail that some training image has.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEAD = 30  # directions at most in which covariances are full
PARTS = 60
IMAGES_OF_A_PART = 50  # on average at least: a class of fewer than twice as many has a single Gaussian
GAIN = 0.05  # nats an image: the fit ends where an iteration gains less
FLOOR = 1e-3  # share of the head's smallest variance that every covariance has in all its directions
RELATIVE_ZERO = 1e-12  # share of a class's largest variance up to which a direction has none

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassMixture:
    r"""The mixture :math:`x = \mu + (m_j + F_j \varepsilon) V` with standard normal :math:`\varepsilon`.

    The part :math:`j` is drawn with probability :math:`w_j`; its factor :math:`F_j` is triangular in the head, the
    directions of largest variance, and diagonal in the rest.

    Attributes:
        mean: :math:`\mu`, pixels in [0, 1], shape ``(features,)``.
        directions: :math:`V`, by falling variance, shape ``(directions, features)``.
        weights: :math:`w`, shape ``(parts,)``.
        means: :math:`m`, shape ``(parts, directions)``.
        factors: :math:`F` in the head, shape ``(parts, head, head)``.
        deviations: :math:`F` in the rest, shape ``(parts, directions - head)``.

    Example:
        >>> fit_class(images).draw(np.random.default_rng(0), 1000)
    """

    mean: Array
    directions: Array
    weights: Array
    means: Array
    factors: Array
    deviations: Array

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw images.

        Args:
            generator: Source of the randomness.
            count: How many.

        Returns:
            Pixels around [0, 1], neither rounded nor clipped, shape ``(count, features)``.
        """
        parts = generator.choice(len(self.weights), size=count, p=self.weights)
        noise = generator.standard_normal((count, len(self.directions)))
        head = self.factors.shape[1]
        coordinates = self.means[parts]
        coordinates[:, head:] += self.deviations[parts] * noise[:, head:]
        for part in np.unique(parts):
            chosen = parts == part
            coordinates[chosen, :head] += noise[chosen, :head] @ self.factors[part].T
        drawn: Array = self.mean + coordinates @ self.directions
        return drawn


def fit_class(images: Array, seed: int = 0) -> ClassMixture:
    """Fit the mixture of one class.

    Args:
        images: Pixels in [0, 1], shape ``(n, features)``, n at least 1.
        seed: Of the first guess.

    Returns:
        The mixture. Its mean is the images', and its covariance too but for correlations between head and rest, and
        within the rest, that the parts' means do not explain.

    Example:
        >>> fit_class(images).weights.sum()
        1.0
    """
    mean = images.mean(axis=0)
    directions = _principal(images - mean)
    coordinates = (images - mean) @ directions.T
    head = min(HEAD, len(directions))
    shares = _shares(coordinates[:, :head], min(PARTS, len(images) // IMAGES_OF_A_PART), seed)
    weights = shares.mean(axis=0)
    shares /= shares.sum(axis=0)
    means = shares.T @ coordinates
    rest = shares.T @ coordinates[:, head:] ** 2 - means[:, head:] ** 2
    factors = np.stack([_factor(coordinates[:, :head], *part) for part in zip(shares.T, means[:, :head], strict=True)])
    return ClassMixture(mean, directions, weights / weights.sum(), means, factors, np.sqrt(np.maximum(rest, 0)))


def _shares(coordinates: Array, parts: int, seed: int) -> Array:
    """The share that each part has in each image, shape ``(n, parts)``, positive."""
    if parts < 2 or coordinates.shape[1] == 0:
        return np.ones((len(coordinates), 1))
    from sklearn.mixture import GaussianMixture  # slow to import, and needed for a fit alone

    floor = FLOOR * coordinates.var(axis=0).min()
    model = GaussianMixture(parts, tol=GAIN, reg_covar=floor, random_state=seed).fit(coordinates)
    shares: Array = np.maximum(model.predict_proba(coordinates), np.finfo(float).tiny)
    return shares


def _factor(coordinates: Array, shares: Array, mean: Array) -> Array:
    """Cholesky factor of a part's covariance; a little is added to it, as it may be singular."""
    centred = coordinates - mean
    covariance = (shares[:, None] * centred).T @ centred
    floor = FLOOR * coordinates.var(axis=0).min(initial=1.0)
    factor: Array = np.linalg.cholesky(covariance + floor * np.eye(len(covariance)))
    return factor


def _principal(centred: Array) -> Array:
    """Directions of non-zero variance, by falling variance; the largest entry of each is positive."""
    variances, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = np.flatnonzero(variances > RELATIVE_ZERO * max(variances[-1], RELATIVE_ZERO))[::-1]
    directions = vectors.T[kept]
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return np.asarray(directions * np.sign(largest))
