"""Skip connections: bounds, folding and rounding go through the branch."""

import copy

import pytest
import torch
from torch import nn

from analysis.lipschitz import (
    AOLConv2d,
    AOLLinear,
    MaxMin,
    Residual,
    fold,
    lipschitz_bound,
    operator_norm,
    rounding_bound,
)
from analysis.lipschitz.norms import offset_bound

SHAPE = (4, 3, 3)


def branch() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(AOLConv2d(4, 4, 3, bias=True), MaxMin(), nn.Sequential(nn.Conv2d(4, 4, 3, padding=1)))


def network() -> nn.Sequential:
    layers = nn.Sequential(Residual(branch()), nn.ReLU(), Residual(Residual(AOLConv2d(4, 4, 1))))
    for parameter in layers.parameters():
        nn.init.normal_(parameter)
    return layers


def test_the_bound_is_one_and_the_branchs() -> None:
    assert lipschitz_bound(Residual(branch()), SHAPE) == pytest.approx(1 + lipschitz_bound(branch(), SHAPE), rel=1e-12)
    identity = nn.Linear(3, 3, bias=False)
    identity.weight.data = torch.eye(3)
    assert operator_norm(Residual(identity), torch.zeros(3)) == pytest.approx(lipschitz_bound(Residual(identity), (3,)))


def test_a_network_of_blocks_is_bounded() -> None:
    model = network().double()
    bound = lipschitz_bound(model, SHAPE)
    for x in torch.randn(5, *SHAPE, dtype=torch.float64):
        assert operator_norm(model, x) <= bound
    assert float(model(torch.zeros(1, *SHAPE).double()).detach().norm()) <= offset_bound(model, SHAPE)


def test_folding_reaches_the_branch_and_leaves_the_network() -> None:
    model, x = network(), torch.randn(5, *SHAPE)
    folded = fold(model, SHAPE)
    torch.testing.assert_close(folded(x), model(x))
    assert not any(isinstance(module, AOLConv2d) for module in folded.modules())
    assert not any(parameter.requires_grad for parameter in folded[2].parameters())
    assert model.training
    assert isinstance(model[0].branch[0], AOLConv2d)
    before = copy.deepcopy(folded.state_dict())
    nn.init.zeros_(model[0].branch[0].parameter)
    assert all(torch.equal(value, before[key]) for key, value in folded.state_dict().items())


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_float32_errs_by_less_than_the_bound(scale: float) -> None:
    model, x = fold(network(), SHAPE), scale * torch.rand(100, *SHAPE)
    norm = float(x.flatten(1).norm(dim=1).max())
    bound = rounding_bound(model, SHAPE, norm)
    with torch.no_grad():
        single = model(x).double()
        error = float((single - model.double()(x.double())).flatten(1).norm(dim=1).max())
    assert 0 < error <= bound
    assert rounding_bound(model, SHAPE, norm) == pytest.approx(bound / 2**29, rel=1e-2)


def test_a_branch_that_changes_the_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"branch of a Residual makes shape \(2, 1\) of \(2, 3\)"):
        Residual(AOLLinear(3, 1))(torch.zeros(2, 3))


def test_an_unknown_module_is_found_in_the_branch() -> None:
    with pytest.raises(ValueError, match="known for a module of type LayerNorm"):
        lipschitz_bound(nn.Sequential(Residual(nn.Sequential(nn.ReLU(), nn.LayerNorm(3)))), (3,))
