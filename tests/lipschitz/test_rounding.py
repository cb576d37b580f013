"""The a-priori bound exceeds what rounding does, and is not vacuous."""

import copy

import pytest
import torch
from torch import nn

from analysis import models
from analysis.lipschitz import SubtractMean, fold, rounding_bound
from analysis.lipschitz.norms import bounded_layers

SHAPE = (3, 4, 4)
FAMILIES = ("-MLP", "-LCN", "AOL-ConvNetXS", "AOL-Small")  # of the same layers are the others
NETWORKS = [name for name in models.ARCHITECTURES if name.endswith(FAMILIES)]


def folded(name: str) -> nn.Module:
    model = models.build(name, input_shape=SHAPE, classes=4, width=48, depth=3, channel_mean=[0.4, 0.5, 0.6])
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return fold(model, SHAPE)


@torch.no_grad()
def observed(model: nn.Module, x: torch.Tensor) -> float:
    """Distance of the float32 pass from the float64 pass of the same weights, itself right to 1e-9 of that."""
    exact = copy.deepcopy(model).double()(x.double())
    return float((model(x) - exact).norm(dim=1).max())


def reach(model: nn.Module, norm: float) -> float:
    """Bound on the norm of the scores: biases of many layers add up."""
    for layer, shape in bounded_layers(model, SHAPE):
        norm = layer.lipschitz(shape) * norm + layer.offset(shape)
    return norm


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_float32_errs_by_less_than_the_bound(name: str, scale: float) -> None:
    """By less than a fiftieth of what the norm may have become on the way, too: the bound is of use."""
    model, x = folded(name), scale * torch.rand(200, *SHAPE)
    norm = float(x.double().flatten(1).norm(dim=1).max())
    bound = rounding_bound(model, SHAPE, norm)
    assert 0 < observed(model, x) <= bound
    assert bound <= 2e-2 * (reach(model, norm) + 1)


def test_a_bias_counts() -> None:
    model = nn.Linear(5, 4)
    nn.init.constant_(model.bias, 1e4)
    model = fold(model, (5,))
    x = torch.rand(500, 5)
    assert 0 < observed(model, x) <= rounding_bound(model, (5,), float(x.norm(dim=1).max()))


def test_sums_of_one_sign_are_covered() -> None:
    """The worst case of recursive summation: all products positive."""
    model = nn.Linear(4_096, 1, bias=False)
    nn.init.uniform_(model.weight)
    model = fold(model, (4_096,))
    x = torch.rand(50, 4_096)
    assert observed(model, x) <= rounding_bound(model, (4_096,), float(x.norm(dim=1).max()))


@pytest.mark.parametrize("name", NETWORKS)
def test_float64_errs_less_by_the_ratio_of_the_precisions(name: str) -> None:
    model = folded(name)
    single, double = rounding_bound(model, SHAPE, 7.0), rounding_bound(copy.deepcopy(model).double(), SHAPE, 7.0)
    assert single / double == pytest.approx(2**29, rel=1e-2)


def test_moving_channels_does_not_round() -> None:
    assert rounding_bound(nn.Sequential(nn.Flatten(), nn.ReLU()), SHAPE, 7.0) == 0


def test_subtracting_the_mean_rounds() -> None:
    model, x = SubtractMean(torch.tensor([0.4, 0.5, 0.6])), torch.rand(100, *SHAPE)
    error = (model(x).double() - (x.double() - model.mean.double())).flatten(1).norm(dim=1).max()
    assert 0 < float(error) <= rounding_bound(model, SHAPE, float(x.flatten(1).norm(dim=1).max()))
