"""Batch normalisation in evaluation mode, and scalar activations."""

import pytest
import torch
from torch import nn

from analysis import models
from analysis.lipschitz import fold, lipschitz_bound, operator_norm, rounding_bound
from analysis.lipschitz.norms import offset_bound

SCALARS = {
    "tanh": (nn.Tanh(), 1.0),
    "sigmoid": (nn.Sigmoid(), 0.25),
    "leaky": (nn.LeakyReLU(0.2), 1.0),
    "steep": (nn.LeakyReLU(-3.0), 3.0),
    "elu": (nn.ELU(), 1.0),
    "steep-elu": (nn.ELU(2.5), 2.5),
    "relu6": (nn.ReLU6(), 1.0),
}


def trained_norm(dimensions: int, **options: bool) -> nn.Module:
    """Statistics, scales and shifts as training might leave them."""
    layer = (nn.BatchNorm1d if dimensions == 1 else nn.BatchNorm2d)(3, **options)
    for _ in range(5):
        layer(
            torch.randn(50, 3, *[4] * (dimensions - 1) * 2)
            * torch.tensor([0.1, 1, 5]).reshape(-1, *[1] * (2 * dimensions - 2))
            + 2
        )
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    return layer.eval()


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("affine", [False, True])
def test_a_normalisation_has_the_norm_of_its_largest_scale(dimensions: int, affine: bool) -> None:
    layer, shape = trained_norm(dimensions, affine=affine), (3, 4, 4) if dimensions == 2 else (3,)
    norm = operator_norm(layer.double(), torch.randn(shape).double())
    assert norm * (1 - 1e-14) <= lipschitz_bound(layer, shape) <= norm * (1 + 1e-12)
    assert float(layer(torch.zeros(1, *shape).double()).detach().norm()) <= offset_bound(layer, shape)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_a_normalisation_errs_by_less_than_the_bound(dimensions: int) -> None:
    layer, shape = trained_norm(dimensions), (3, 4, 4) if dimensions == 2 else (3,)
    x = 3 * torch.rand(200, *shape)
    bound = rounding_bound(layer, shape, float(x.flatten(1).norm(dim=1).max()))
    with torch.no_grad():
        single = layer(x).double()
        error = float((single - layer.double()(x.double())).flatten(1).norm(dim=1).max())
    assert 0 < error <= bound <= 100 * error


def test_statistics_of_the_batch_are_no_map_of_one_input() -> None:
    with pytest.raises(ValueError, match=r"BatchNorm2d in training mode: .* whole batch; call eval\(\) first"):
        lipschitz_bound(nn.BatchNorm2d(3), (3, 4, 4))
    with pytest.raises(ValueError, match="BatchNorm1d without running statistics"):
        lipschitz_bound(nn.BatchNorm1d(3, track_running_stats=False).eval(), (3,))


def test_dropout_is_the_identity_in_evaluation_alone() -> None:
    assert lipschitz_bound(nn.Dropout(0.5).eval(), (3,)) == pytest.approx(1)
    with pytest.raises(ValueError, match="Dropout in training mode"):
        lipschitz_bound(nn.Dropout(0.5), (3,))


@pytest.mark.parametrize("name", SCALARS)
def test_a_scalar_activation_is_as_steep_as_said_somewhere_and_nowhere_steeper(name: str) -> None:
    layer, expected = SCALARS[name]
    x = torch.linspace(-8, 8, 100_001, dtype=torch.float64, requires_grad=True)
    steepest = float(torch.autograd.grad(layer(x).sum(), x)[0].abs().max())
    assert expected * (1 - 1e-3) <= steepest <= expected * (1 + 1e-12)
    assert lipschitz_bound(layer, (3,)) == pytest.approx(expected, rel=1e-12)
    assert float(layer(torch.zeros(1, 3, 2).double()).norm()) <= offset_bound(layer, (3, 2))


@pytest.mark.parametrize("name", SCALARS)
def test_a_scalar_activation_errs_by_less_than_the_bound(name: str) -> None:
    layer, x = SCALARS[name][0], 4 * torch.randn(200, 50)
    error = float((layer(x).double() - layer(x.double())).norm(dim=1).max())
    assert error <= rounding_bound(layer, (50,), float(x.norm(dim=1).max()))


@pytest.mark.parametrize("name", ["MLP", "ConvNet"])
def test_a_standard_network_has_a_bound_in_evaluation_that_is_large_and_true(name: str) -> None:
    torch.manual_seed(0)
    shape = (2, 8, 8)
    model = models.build(name, input_shape=shape, classes=4, width=8).train()
    for _ in range(20):
        model(torch.rand(32, *shape))
    bound = lipschitz_bound(model.eval().double(), shape)
    assert bound > 1
    for x in torch.rand(5, *shape, dtype=torch.float64):
        assert operator_norm(model, x) <= bound
    x, y = torch.rand(2, 200, *shape, dtype=torch.float64)
    with torch.no_grad():
        assert ((model(x) - model(y)).norm(dim=1) <= bound * (x - y).flatten(1).norm(dim=1)).all()
    single = fold(model, shape).float()
    x = torch.rand(100, *shape)
    with torch.no_grad():
        error = (single(x).double() - single.double()(x.double())).norm(dim=1).max()
    assert 0 < float(error) <= rounding_bound(single.float(), shape, float(x.flatten(1).norm(dim=1).max()))
