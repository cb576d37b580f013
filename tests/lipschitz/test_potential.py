"""The step down a convex potential: its bound, its rounding, and what happens where the step is too long."""

import copy
import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.lipschitz import CPLConv2d, CPLLinear, SLLConv2d, SLLLinear, operator_norm
from analysis.lipschitz.potential import Potential, PotentialLayer, descend, orthogonal_taps
from analysis.lipschitz.power import proven_norm

MAPS = {
    "dense": ((6, 6), 6, 6, (6,)),
    "dense-wider": ((6, 6), 2, 6, (2,)),
    "dense-narrower": ((9, 6), 6, 2, (6,)),
    "convolution": ((4, 4, 3, 3), 4, 4, (4, 5, 3)),
    "convolution-wider": ((4, 4, 3, 3), 2, 4, (2, 5, 3)),
    "convolution-narrower": ((2, 4, 5, 5), 4, 1, (4, 5, 3)),
}
EVERY_MAP = pytest.mark.parametrize("name", MAPS)


def potential(name: str, norm: float = math.sqrt(2), dtype: torch.dtype = torch.float64) -> Potential:
    """Random weights of a given norm."""
    shape, inputs, outputs, sides = MAPS[name]
    weight = torch.randn(shape, dtype=torch.float64)
    weight *= norm / proven_norm(weight, sides)
    return Potential(weight, torch.randn(shape[0], dtype=torch.float64), inputs, outputs).to(dtype)


def by_formula(x: Tensor, module: Potential, step: float) -> Tensor:
    """x - t W^T relu(W x + b), with torch's own transposed convolution, all channels kept throughout."""
    assert module.bias is not None
    if module.weight.ndim == 2:
        x = F.pad(x, (0, module.weight.shape[1] - x.shape[1]))
        full = x - step * F.relu(F.linear(x, module.weight, module.bias)) @ module.weight
    else:
        x = F.pad(x, (0, 0, 0, 0, 0, module.weight.shape[1] - x.shape[1]))
        hidden = F.relu(F.conv2d(x, module.weight, module.bias, padding="same"))
        full = x - step * F.conv_transpose2d(hidden, module.weight, padding=module.weight.shape[2] // 2)
    return full[:, : module.outputs]


@EVERY_MAP
def test_it_computes_the_formula(name: str) -> None:
    module, x = potential(name), torch.randn(5, *MAPS[name][3], dtype=torch.float64)
    torch.testing.assert_close(module(x), by_formula(x, module, 1.0))


@EVERY_MAP
@pytest.mark.parametrize("norm", [0.5, math.sqrt(2), 1.6, 2.0])
def test_no_jacobian_exceeds_the_bound(name: str, norm: float) -> None:
    """For every pattern of active units that inputs of several lengths bring about."""
    module, shape = potential(name, norm), MAPS[name][3]
    bound = module.lipschitz(shape)
    assert bound == pytest.approx(max(1, norm**2 - 1), rel=1e-12)
    for length in (0.0, 0.1, 1.0, 10.0, 1e3):
        x = length * torch.randn(shape, dtype=torch.float64)
        assert operator_norm(module, x) <= bound * (1 + 1e-14)


@pytest.mark.parametrize("name", ["dense", "convolution"])
def test_a_step_twice_as_long_is_caught(name: str) -> None:
    """It has the bound 3, and with all units active that norm, but for what padding takes away."""
    module, shape = potential(name, norm=2.0), MAPS[name][3]
    module.bias = torch.full_like(module.bias, 1e3)
    assert module.lipschitz(shape) == pytest.approx(3)
    assert 1.5 < operator_norm(module, torch.zeros(shape, dtype=torch.float64)) <= 3 + 1e-12


@EVERY_MAP
def test_what_it_makes_of_zero_is_within_its_offset(name: str) -> None:
    module, shape = potential(name), MAPS[name][3]
    assert 0 < float(module(torch.zeros(1, *shape, dtype=torch.float64)).norm()) <= module.offset(shape)


@EVERY_MAP
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_float32_errs_by_less_than_the_bound(name: str, scale: float) -> None:
    """The float64 pass of the same weights errs by 1e-9 of that itself."""
    module, x = potential(name, dtype=torch.float32), scale * torch.randn(200, *MAPS[name][3])
    distance = (module(x) - copy.deepcopy(module).double()(x.double())).flatten(1).norm(dim=1).max()
    norm = float(x.double().flatten(1).norm(dim=1).max())
    bound = module.rounding(MAPS[name][3], norm)
    assert 0 < float(distance) <= bound <= 1e-4 * (norm + module.offset(MAPS[name][3]))


@pytest.mark.parametrize("kernel_size", [None, 1, 3])
def test_at_the_start_every_input_keeps_its_norm(kernel_size: int | None) -> None:
    weight = math.sqrt(2) * orthogonal_taps(8, kernel_size)
    x = torch.randn(10, 8) if kernel_size is None else torch.randn(10, 8, 4, 4)
    found = descend(x, weight, None, 8, 8)
    torch.testing.assert_close(found.flatten(1).norm(dim=1), x.flatten(1).norm(dim=1))
    assert not torch.allclose(found, x)


@pytest.mark.parametrize("layer", [CPLLinear, SLLLinear, CPLConv2d, SLLConv2d])
def test_another_number_of_channels_is_refused(layer: type[PotentialLayer]) -> None:
    sides = () if layer in (CPLLinear, SLLLinear) else (4, 4)
    for channels in (2, 4):
        with pytest.raises(RuntimeError, match=r"shapes|channels"):
            layer(3, 5)(torch.zeros(1, channels, *sides))


def test_autograd_agrees_with_finite_differences() -> None:
    weight = torch.randn(3, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(3, dtype=torch.float64, requires_grad=True)
    x = torch.randn(2, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *given: descend(*given, 2, 3), (x, weight, bias))
