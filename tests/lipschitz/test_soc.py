"""SOC: one function in both modes, 1-Lipschitz without a remainder, and nearly a rotation."""

import copy

import pytest
import torch
from torch import Tensor, nn

from analysis.lipschitz import SOCConv2d, SOCLinear, lipschitz_bound, operator_norm
from analysis.lipschitz.derived import Derived
from analysis.lipschitz.power import proven_norm
from analysis.lipschitz.soc import ANGLE, TERMS, skew

LAYERS = pytest.mark.parametrize(("method", "shape"), [(SOCLinear, (6,)), (SOCConv2d, (6, 4, 5))])


def scrambled(layer: Derived, std: float = 1.0) -> Derived:
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=std)
    return layer


def by_powers(x: Tensor, weight: Tensor) -> Tensor:
    """The sum of A^t x / t!, term by term."""
    term, total = x, x
    for power in range(1, TERMS + 1):
        product = term @ weight.mT if weight.ndim == 2 else nn.functional.conv2d(term, weight, padding="same")
        term = product / power
        total = total + term
    return total


@LAYERS
def test_it_computes_the_series(method: type[Derived], shape: tuple[int, ...]) -> None:
    layer, x = scrambled(method(6, 6)).double().eval(), torch.randn(3, *shape, dtype=torch.float64)
    weight = skew(layer.parameter)
    weight = weight * ANGLE / proven_norm(weight, shape)
    bias = layer.bias if x.ndim == 2 else layer.bias[:, None, None]
    torch.testing.assert_close(layer(x), by_powers(x, weight) + bias)


@LAYERS
def test_short_weights_are_not_divided(method: type[Derived], shape: tuple[int, ...]) -> None:
    layer = scrambled(method(6, 6), std=1e-3).double()
    for mode in (True, False):
        (weight,) = layer.train(mode).derive(shape)
        assert torch.equal(weight, skew(layer.parameter))


@LAYERS
def test_no_estimate_below_the_norm_makes_it_expand_in_training(method: type[Derived], shape: tuple[int, ...]) -> None:
    """Weights of which the vector knows nothing yet: half of the norm is found at once, and a third would do."""
    layer = scrambled(method(6, 6), std=10).double()
    (weight,) = layer.derive(shape)
    assert ANGLE < proven_norm(weight.detach(), shape) < 2.8
    assert operator_norm(layer, torch.randn(shape, dtype=torch.float64)) <= 1 + 1e-14


@LAYERS
@pytest.mark.parametrize("std", [None, 10.0])
def test_it_shrinks_nothing_by_more_than_0_0062(
    method: type[Derived], shape: tuple[int, ...], std: float | None
) -> None:
    layer = method(6, 6).double().eval()
    if std is not None:
        scrambled(layer, std)
    x = torch.randn(shape, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda single: layer(single[None])[0], x).view(x.numel(), -1)
    smallest = torch.linalg.svdvals(jacobian)[-1]
    assert 1 - (0.0062 if std else 2e-6) <= smallest <= 1 + 1e-14


@LAYERS
def test_training_and_evaluation_are_one_function(method: type[Derived], shape: tuple[int, ...]) -> None:
    """After 100 steps that make it turn as far as it may: up to what the estimate errs by."""
    layer, x = method(6, 6), torch.randn(16, *shape)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    target = torch.randn_like(x)
    for _ in range(100):
        optimizer.zero_grad()
        (-(layer(x) * target).mean(dim=0).sum()).backward()
        optimizer.step()
    with torch.no_grad():
        trained, evaluated = layer(x), layer.eval()(x)
    assert proven_norm(skew(layer.parameter), shape) > ANGLE
    assert (trained - evaluated).norm() <= 0.02 * evaluated.norm()


@pytest.mark.parametrize("sides", [(3, 3), (4, 9)])
def test_one_layer_serves_images_of_every_size(sides: tuple[int, int]) -> None:
    layer = scrambled(SOCConv2d(4, 4), std=10).eval()
    assert lipschitz_bound(layer, (4, *sides)) <= 1 + 1e-14
    assert layer(torch.zeros(1, 4, *sides)).shape == (1, 4, *sides)


def test_a_dense_layer_is_one_matrix_in_evaluation_mode() -> None:
    layer, x = scrambled(SOCLinear(5, 3), std=10).eval(), torch.randn(4, 5)
    frozen = layer.frozen((5,))
    assert isinstance(frozen, nn.Linear)
    assert frozen.weight.shape == (3, 5)
    torch.testing.assert_close(frozen(x), layer(x))


@pytest.mark.parametrize("channels", [64, 256])
def test_float32_of_many_channels_keeps_the_bound(channels: int) -> None:
    assert lipschitz_bound(scrambled(SOCConv2d(channels, channels, 1), std=10), (channels, 2, 2)) <= 1 + 1e-14
    assert lipschitz_bound(scrambled(SOCLinear(channels, channels), std=10), (channels,)) <= 1 + 1e-6


def test_parameters_are_a_square_weight_and_a_bias_of_the_outputs() -> None:
    shapes = {name: tuple(parameter.shape) for name, parameter in SOCConv2d(4, 6).named_parameters()}
    assert shapes == {"parameter": (6, 6, 3, 3), "bias": (6,)}
    assert set(SOCLinear(6, 4, bias=False).state_dict()) == {"parameter", "norm.vector"}
    assert SOCLinear(6, 4).bias.shape == (4,)


def test_a_pass_in_evaluation_mode_leaves_the_state_alone() -> None:
    layer = scrambled(SOCConv2d(4, 4)).eval()
    before = copy.deepcopy(layer.state_dict())
    layer(torch.randn(2, 4, 5, 5)).sum().backward()
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())


@pytest.mark.parametrize("size", [0, 2])
def test_a_kernel_without_a_centre_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"odd and positive, got {size}"):
        SOCConv2d(2, 2, size)
