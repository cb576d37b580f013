"""The mixture of a class has the class's moments, in the low-variance tail too, and its draws have the mixture's."""

import numpy as np
import pytest

from analysis.datasets import mixture
from analysis.datasets.mixture import FLOOR, HEAD, ClassMixture, fit_class

FEATURES = HEAD + 14
COUNT = 600  # so that there are several parts


@pytest.fixture(scope="module")
def images():
    """Two heaps whose variances fall by a factor of 1e6, and two pixels that never change."""
    generator = np.random.default_rng(0)
    scales = np.geomspace(0.1, 1e-4, FEATURES)
    rotation = np.linalg.qr(generator.standard_normal((FEATURES, FEATURES)))[0]
    heaps = generator.standard_normal((COUNT, FEATURES)) * scales
    heaps[: COUNT // 3, :2] += 0.5
    return np.column_stack([np.full((COUNT, 2), (0.0, 0.25)), 0.5 + heaps @ rotation])


@pytest.fixture(scope="module")
def fitted(images):
    return fit_class(images)


def covariance(model: ClassMixture) -> np.ndarray:
    """Of the mixture, in its directions: that within the parts and that of their means."""
    head, total = model.factors.shape[1], np.zeros((len(model.directions),) * 2)
    for weight, mean, factor, deviations in zip(
        model.weights, model.means, model.factors, model.deviations, strict=True
    ):
        within = np.zeros_like(total)
        within[:head, :head] = factor @ factor.T
        within[head:, head:] = np.diag(deviations**2)
        total += weight * (within + np.outer(mean, mean))
    return total


def test_there_are_several_parts_and_every_direction_of_non_zero_variance(fitted):
    assert len(fitted.weights) == COUNT // mixture.IMAGES_OF_A_PART
    assert fitted.weights.sum() == pytest.approx(1)
    assert len(fitted.directions) == FEATURES  # of FEATURES + 2 pixels
    assert fitted.factors.shape[1] == HEAD


def test_mean_and_variances_are_those_of_the_images(images, fitted):
    variances = (((images - images.mean(axis=0)) @ fitted.directions.T) ** 2).mean(axis=0)
    np.testing.assert_allclose(fitted.mean + fitted.weights @ fitted.means @ fitted.directions, images.mean(axis=0))
    floor = FLOOR * variances[HEAD - 1]
    np.testing.assert_allclose(np.diag(covariance(fitted)), variances + floor * (np.arange(FEATURES) < HEAD))
    np.testing.assert_allclose(covariance(fitted)[:HEAD, :HEAD], np.diag(variances[:HEAD] + floor), atol=1e-12)


def test_draws_have_the_moments_of_the_mixture(fitted):
    """Variances of 20,000 draws are 1 % off, means 1 % of a standard deviation: five times that is allowed."""
    drawn = fitted.draw(np.random.default_rng(1), 20_000)
    expected = covariance(fitted)
    coordinates = (drawn - fitted.mean) @ fitted.directions.T
    scale = np.sqrt(np.diag(expected))
    assert np.abs(coordinates.mean(axis=0) / scale).max() < 0.05
    np.testing.assert_allclose(
        np.cov(coordinates.T) / np.outer(scale, scale), expected / np.outer(scale, scale), atol=0.06
    )


def test_two_heaps_stay_two_heaps(images, fitted):
    """One Gaussian of the same moments would put a fifth of its images between them."""
    drawn = fitted.draw(np.random.default_rng(2), 5_000)
    axis = images[: COUNT // 3].mean(axis=0) - images[COUNT // 3 :].mean(axis=0)
    places = (drawn - images[COUNT // 3 :].mean(axis=0)) @ axis / (axis @ axis)
    assert (places > 0.5).mean() == pytest.approx(1 / 3, abs=0.05)
    assert (abs(places - 0.5) < 0.1).mean() < 0.02


def test_what_never_varies_does_not_vary(fitted):
    drawn = fitted.draw(np.random.default_rng(3), 100)
    np.testing.assert_allclose(drawn[:, :2], np.broadcast_to((0.0, 0.25), (100, 2)), atol=1e-9)


def test_few_images_give_a_single_gaussian(images):
    few = images[: 2 * mixture.IMAGES_OF_A_PART - 1]
    model = fit_class(few)
    assert len(model.weights) == 1
    centred = few - few.mean(axis=0)
    variances = np.linalg.eigvalsh(centred.T @ centred / len(few))[::-1][:FEATURES]
    np.testing.assert_allclose(np.diag(covariance(model)), variances, rtol=2e-3)


def test_one_image_gives_itself(images):
    np.testing.assert_array_equal(fit_class(images[:1]).draw(np.random.default_rng(0), 3), images[[0, 0, 0]])
