"""Sandwich layers: their start, their bound, and what S and T are."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from analysis.lipschitz import SandwichConv2d, SandwichLinear, fold, lipschitz_bound, operator_norm
from analysis.lipschitz.sandwiched import HeldSandwich

SIZES = pytest.mark.parametrize("sizes", [(4, 4), (6, 4), (4, 6), (1, 1)], ids=str)


@SIZES
def test_a_dense_layer_is_its_formula(sizes: tuple[int, int]) -> None:
    """S and T are root 2 times the blocks of the Cayley transform, whose rows side by side are orthonormal."""
    layer, x = SandwichLinear(*sizes, bias=True).double(), torch.randn(5, sizes[0], dtype=torch.float64)
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    tall, shift = layer.derive((sizes[0],))
    rows = tall / math.sqrt(2)
    torch.testing.assert_close(rows.mT @ rows, torch.eye(sizes[1], dtype=torch.float64))
    above, below = tall[: sizes[1]], tall[sizes[1] :]
    torch.testing.assert_close(layer(x), F.relu(x @ below + shift) @ above.mT)
    torch.testing.assert_close(shift, layer.log_scale.exp() * layer.bias)


@SIZES
@pytest.mark.parametrize("images", [False, True], ids=["dense", "convolution"])
def test_it_begins_nearly_as_relu(sizes: tuple[int, int], images: bool) -> None:
    """On inputs that are positive and far from zero nearly all passes: norms are kept but for what is cut off."""
    layer = (SandwichConv2d if images else SandwichLinear)(*sizes).eval()
    x = 1 + torch.rand(20, sizes[0], *((4, 5) if images else ()))
    with torch.no_grad():
        kept = layer(x).flatten(1).norm(dim=1) / x.flatten(1).norm(dim=1)
    assert (kept <= 1 + 1e-5).all()
    assert sizes[1] < sizes[0] or (kept >= 0.9).all()


def test_the_bound_is_half_of_the_squared_norm() -> None:
    """Of rows that are not orthonormal: a layer of norm s / 2 is caught, and the bound is attained with relu' = 1/2."""
    tall = torch.tensor([[3.0], [3.0]], dtype=torch.float64)
    layer = HeldSandwich(tall, torch.zeros(1, dtype=torch.float64))
    assert operator_norm(layer, torch.ones(1, dtype=torch.float64)) == pytest.approx(9)
    assert lipschitz_bound(layer, (1,)) == pytest.approx(9)  # s = 18


@pytest.mark.parametrize("sides", [(1, 1), (4, 4), (3, 5)], ids=str)
def test_no_two_images_are_driven_apart(sides: tuple[int, int]) -> None:
    layer = SandwichConv2d(3, 4, bias=True)
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    frozen = fold(layer, (3, *sides)).double()
    x, y = torch.randn(2, 500, 3, *sides, dtype=torch.float64)
    moved, distance = (frozen(x) - frozen(y)).flatten(1).norm(dim=1), (x - y).flatten(1).norm(dim=1)
    assert (moved <= distance * lipschitz_bound(layer, (3, *sides))).all()
    assert float((moved / distance).max()) > 0.3
