"""A folded network is the same function from the same weights, in ordinary layers."""

import copy

import pytest
import torch
from torch import nn

from analysis import models
from analysis.lipschitz import CONVOLUTION, LINEAR, fold, lipschitz_bound

SHAPE = (2, 4, 4)
FAMILIES = ("-MLP", "-LCN", "AOL-ConvNetXS", "AOL-Small")  # of the same layers are the others
NETWORKS = [name for name in models.ARCHITECTURES if name.endswith(FAMILIES)]


def random_network(name: str) -> nn.Sequential:
    """Weights as training might leave them, not those of the start."""
    model = models.build(name, input_shape=SHAPE, classes=4, width=16, depth=2, channel_mean=[0.4, 0.5])
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_a_folded_network_is_the_same_function(name: str) -> None:
    model = random_network(name)
    x = torch.randn(5, *SHAPE)
    before = copy.deepcopy(model.state_dict())
    folded = fold(model, SHAPE)
    with torch.no_grad():
        assert torch.equal(folded(x), copy.deepcopy(model).eval()(x))
    assert model.training
    assert not folded.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert lipschitz_bound(folded, SHAPE) == pytest.approx(lipschitz_bound(model, SHAPE), rel=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_folded_network_goes_to_float64_with_the_weights_of_float32(name: str) -> None:
    single, double = (
        fold(random_network(name), SHAPE),
        fold(copy.deepcopy(model := random_network(name)), SHAPE).double(),
    )
    for weight, layer in zip(fold(model, SHAPE).parameters(), double.parameters(), strict=True):
        assert torch.equal(weight.double(), layer)
    assert not any(parameter.requires_grad for parameter in single.parameters())


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("method", sorted(LINEAR.keys() & CONVOLUTION.keys()))
def test_biases_are_kept(method: str, bias: bool) -> None:
    dense, convolution = LINEAR[method](3, 2, bias=bias), CONVOLUTION[method](3, 2, 3, bias=bias)
    for layer, x in ((dense, torch.randn(4, 3)), (convolution, torch.randn(4, 3, 5, 5))):
        for parameter in layer.parameters():
            nn.init.normal_(parameter)
        with torch.no_grad():
            assert torch.equal(fold(layer, tuple(x.shape[1:]))(x), layer.eval()(x))


def test_training_goes_on_beside_a_folded_copy() -> None:
    layer = LINEAR["AOL"](3, 3)
    folded, x = fold(layer, (3,)), torch.randn(2, 3)
    expected = folded(x)
    nn.init.normal_(layer.parameter)
    assert torch.equal(folded(x), expected)
