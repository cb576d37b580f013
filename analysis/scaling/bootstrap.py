"""Learning curves that might have been observed instead: whole curves drawn anew, and the test images with them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from analysis.scaling.law import Array, Law
from analysis.scaling.observations import Observations


@dataclass(frozen=True, eq=False)
class Draw:
    """Mean errors that might have been observed.

    Attributes:
        errors: Shape ``(sizes,)``; nan where no curve of the draw was measured at a size.
        factor: How many times its deviations are those of the curves, so that what is an outlier grows with them.
    """

    errors: Array
    factor: float


def resampled(
    law: Law, observed: Observations, resamples: int, test_images: int | None, generator: np.random.Generator
) -> Iterator[Draw]:
    r"""Mean errors at each size, from groups and then the curves within them drawn with replacement.

    Nested subsets share their samples, so curves are drawn whole; initialisations share a subset, so they are drawn
    within its group. Means of G groups drawn so vary by :math:`\sqrt{(G-1)/G}` too little, and of few groups it is not
    known how much they vary: each deviation is multiplied by :math:`\sqrt{G/(G-1)}` and by
    :math:`\sqrt{(G-1)/\chi^2_{G-1}}`, which makes a normal deviation Student's with G - 1 degrees of freedom.

    All runs share one test set. With ``test_images`` its noise comes on top, as that of images of which each has a
    difficulty u, uniform in [0, 1], and is missed while the expected error is above u: the error of each size is
    binomial, and those of different sizes move together, as they do on one test set.

    Args:
        law: On whose scale deviations are multiplied.
        observed: At least two groups.
        resamples: Number of draws.
        test_images: Images behind each error; None to leave their noise out.
        generator: Of the draws.

    Yields:
        The draws.
    """
    groups = observed.group_count
    least = _least(observed.means, test_images)
    centre = law.observed(observed.means)
    for factor in np.sqrt(groups / (groups - 1)) * _student_factors(groups - 1, resamples, generator):
        drawn = np.maximum(_means_of(observed, _weights(observed, generator)), least)
        errors = law.error(centre + factor * (law.observed(drawn) - centre))
        yield Draw(np.maximum(_on_other_images(errors, test_images, generator), least), max(float(factor), 1.0))


def scattered(
    law: Law, fitted: Array, spread: float, freedom: int, resamples: int, generator: np.random.Generator
) -> Iterator[Draw]:
    """What a single curve might have been: its law, and noise of the size of what the law leaves unexplained.

    Args:
        law: On whose scale the noise is normal.
        fitted: Value of the law at each size, shape ``(sizes,)``.
        spread: Standard deviation of the noise.
        freedom: Degrees of freedom of the spread, which make the noise Student's.
        resamples: Number of draws.
        generator: Of the draws.

    Yields:
        The draws.
    """
    for factor in _student_factors(freedom, resamples, generator):
        errors = law.error(fitted + factor * spread * generator.standard_normal(len(fitted)))
        yield Draw(errors, max(float(factor), 1.0))


def _student_factors(freedom: int, resamples: int, generator: np.random.Generator) -> Array:
    """Square roots of freedom / chi-squared: one from each of as many equal parts of their distribution."""
    places = (generator.permutation(resamples) + 0.5) / resamples
    return np.sqrt(freedom / chdtri(freedom, places))


def _weights(observed: Observations, generator: np.random.Generator) -> Array:
    """How much each curve counts in a draw."""
    weights = np.zeros(len(observed.errors))
    for group in generator.integers(observed.group_count, size=observed.group_count):
        inside = np.flatnonzero(observed.groups == group)
        np.add.at(weights, generator.choice(inside, size=len(inside)), 1 / len(inside))
    return weights


def _means_of(observed: Observations, weights: Array) -> Array:
    measured = np.isfinite(observed.errors)
    sums, counts = weights @ np.where(measured, observed.errors, 0.0), weights @ measured
    means: Array = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    return means


def _least(means: Array, test_images: int | None) -> float:
    """An error that stands for none in logarithms: half an image, or half of the least error that was seen."""
    return min(0.5 / test_images if test_images else np.inf, float(means.min()) / 2)


def _on_other_images(errors: Array, test_images: int | None, generator: np.random.Generator) -> Array:
    if test_images is None:
        return errors
    difficulties = np.sort(generator.random(test_images))
    return np.where(np.isfinite(errors), np.searchsorted(difficulties, errors) / test_images, np.nan)
