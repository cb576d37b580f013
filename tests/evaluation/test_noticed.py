"""What a network notices of an image decides its scores, and the noise in it is as it was among the pixels."""

import math

import pytest
import torch
from scipy.stats import norm
from torch import Generator, Tensor, nn

from analysis import models
from analysis.evaluation import smoothed_radii, smoothing
from analysis.evaluation.noticed import noticed
from analysis.evaluation.smoothing import count_classes
from analysis.lipschitz import SubtractMean

SHAPE = (3, 6, 5)


def made(name: str = "MLP", **options: int) -> nn.Sequential:
    """An MLP with running statistics of its own."""
    torch.manual_seed(0)
    network = models.build(name, input_shape=SHAPE, classes=3, channel_mean=[0.1, 0.2, 0.3], **options).double()
    for _ in range(3):
        network(torch.rand(20, *SHAPE, dtype=torch.float64))
    return network.eval().requires_grad_(requires_grad=False)


def images(count: int = 12) -> Tensor:
    return torch.rand(count, *SHAPE, dtype=torch.float64, generator=Generator().manual_seed(1))


def half_space(distance: float, sigma: float) -> tuple[nn.Sequential, Tensor]:
    """An image as far from the plane between two classes as is said; the plane's normal is no axis."""
    normal = torch.randn(1, 90, dtype=torch.float64, generator=Generator().manual_seed(2))
    layer = nn.Linear(90, 2, bias=False).double()
    layer.weight.data = torch.cat((normal, -0.5 * normal))
    image = torch.full((1, *SHAPE), 0.25, dtype=torch.float64)
    image += (distance * normal / normal.norm()).view(1, *SHAPE)
    return nn.Sequential(SubtractMean(torch.full((3,), 0.25, dtype=torch.float64)), nn.Flatten(), layer), image


@pytest.mark.parametrize("depth", [1, 3])
def test_scores_are_those_of_the_network(depth: int) -> None:
    """Also where the matrix has as few rows as there are classes."""
    network = made(width=16, depth=depth)
    reduced, coordinates = noticed(network, images())
    assert coordinates.shape == (12, 16 if depth > 1 else 3)
    torch.testing.assert_close(reduced(coordinates), network(images()), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(network(images()), made(width=16, depth=depth)(images()), rtol=0, atol=0)


def test_rows_that_are_equal_or_zero_are_no_trouble() -> None:
    network = made(width=16, depth=3)
    network[2].weight[3], network[2].weight[5] = network[2].weight[4], 0
    reduced, coordinates = noticed(network, images())
    torch.testing.assert_close(reduced(coordinates), network(images()), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "network",
    [made(width=90, depth=2), made("ConvNet", width=4, depth=1), made("AOL-MLP", width=16, depth=2), nn.Linear(5, 2)],
    ids=["no narrower", "convolutions", "derived", "one layer"],
)
def test_networks_that_begin_otherwise_are_left_alone(network: nn.Module) -> None:
    found, seen = noticed(network, given := images())
    assert found is network
    assert seen is given


def test_noise_moves_as_many_copies_across_a_plane_as_among_all_pixels() -> None:
    r"""The share on this side is :math:`\Phi(d / \sigma)`, within five standard errors of 40,000 draws."""
    network, image = half_space(0.2, 0.25)
    reduced, coordinates = noticed(network, image)
    counts = count_classes(reduced, coordinates, sigma=0.25, draws=40_000, generator=Generator().manual_seed(0))
    expected = float(norm.cdf(0.2 / 0.25))
    error = 5 * math.sqrt(expected * (1 - expected) / 40_000)
    assert float(counts[0, 0]) / 40_000 == pytest.approx(expected, abs=error)


def test_large_images_are_smoothed_in_what_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shares of 20,000 draws agree with those of as many draws in all pixels, within five standard errors."""
    network = made(width=16, depth=3)
    labels, options = network(images()).argmax(dim=1), {"sigma": 0.5, "n": 20_000, "seed": 0}
    among_pixels = smoothed_radii(network, images(), labels, **options)  # type: ignore[arg-type]
    monkeypatch.setattr(smoothing, "WIDE", 89)
    among_noticed = smoothed_radii(network, images(), labels, **options)  # type: ignore[arg-type]
    assert not torch.equal(among_noticed, among_pixels)
    shares, expected = (torch.special.ndtr(radii / 0.5) for radii in (among_noticed, among_pixels))
    assert ((shares - expected).abs() < 5 * (2 * expected * (1 - expected) / 20_000).sqrt()).all()
