"""Jacobians of layers are the matrices that they apply; slopes are attained, and never above the proven bound."""

import copy

import pytest
import torch
from torch import nn

from analysis import models
from analysis.evaluation import layer_jacobians, slopes
from analysis.lipschitz import CONVOLUTION, LINEAR, lipschitz_bound, operator_norm
from analysis.lipschitz.fold import fold

IMAGES = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
every_method = pytest.mark.parametrize("method", LINEAR)


def trained(name: str, **sizes: int) -> nn.Sequential:
    """A network some way from its start."""
    network = models.build(name, input_shape=(1, 8, 8), classes=4, seed=0, **sizes)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return network


@every_method
def test_of_a_dense_layer_it_moves_outputs_as_inputs_move(method: str) -> None:
    """Central differences in float64: 1e-5 away, where no unit bends, they err by 1e-10 or so."""
    torch.manual_seed(0)
    layer, x = LINEAR[method](6, 6), torch.rand(6)
    (jacobian,) = layer_jacobians(layer, x)
    plain, step = fold(layer, (6,)).double(), 1e-5 * torch.eye(6, dtype=torch.float64)
    differences = (plain(x.double() + step) - plain(x.double() - step)) / 2e-5
    torch.testing.assert_close(jacobian, differences.mT, rtol=0, atol=1e-8)


@pytest.mark.parametrize("method", ["AOL", "Cayley", "CPL"])
def test_of_a_convolution_it_holds_all_pixels(method: str) -> None:
    """A step so small that no unit bends shows the linear part."""
    torch.manual_seed(0)
    layer = CONVOLUTION[method](3, 3, 3)
    x, step = torch.rand(3, 5, 5).double(), 1e-5 * torch.randn(3, 5, 5).double()
    (jacobian,) = layer_jacobians(layer, x)
    plain = fold(layer, (3, 5, 5)).double()
    difference = (plain((x + step)[None]) - plain((x - step)[None]))[0] / 2
    torch.testing.assert_close((jacobian @ step.flatten()).view(3, 5, 5), difference, rtol=0, atol=1e-12)


def test_each_layer_is_measured_once_where_the_image_reaches_it() -> None:
    network = trained("CPL-MLP", width=64, depth=3)
    found = layer_jacobians(network, IMAGES[0])
    assert [tuple(jacobian.shape) for jacobian in found] == [(64, 64)] * 3
    product = found[0]
    plain = fold(network, (1, 8, 8)).double()
    x = plain[:4](IMAGES[:1].double())  # after the mean, the pixels in a row, zeros, and the first layer
    assert x.shape == (1, 64)
    order = torch.autograd.functional.jacobian(lambda single: plain[4](single[None])[0], x[0])
    whole = torch.autograd.functional.jacobian(lambda image: plain[:6](image)[0], IMAGES[:1].double())
    torch.testing.assert_close(found[1] @ order @ product, whole.view(64, 64))


@every_method
def test_no_slope_is_above_the_proven_bound(method: str) -> None:
    network = trained(f"{method}-MLP", width=16, depth=3)
    assert float(slopes(network, IMAGES).max()) <= lipschitz_bound(fold(network, (1, 8, 8)).double(), (1, 8, 8)) + 1e-12


def test_slopes_are_norms_of_jacobians_at_the_images() -> None:
    network = trained("AOL-MLP", width=16, depth=3)
    exact = fold(network, (1, 8, 8)).double()
    expected = [operator_norm(exact, image) for image in IMAGES.double()]
    torch.testing.assert_close(slopes(network, IMAGES), torch.tensor(expected, dtype=torch.float64))


def test_of_a_diagonal_the_slope_is_the_largest_entry() -> None:
    layer = nn.Linear(3, 3, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.diag(torch.tensor([0.5, -2.0, 1.0])))
    torch.testing.assert_close(slopes(layer, torch.zeros(2, 3)), torch.full((2,), 2.0).double())


def test_looking_leaves_the_network_as_it_was() -> None:
    network = trained("CPL-MLP", width=16, depth=2).train()
    before, modes = copy.deepcopy(network.state_dict()), [module.training for module in network.modules()]
    layer_jacobians(network, IMAGES[0])
    slopes(network, IMAGES)
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in network.parameters())
