"""Bounds are at least the exact norm, near it, and never claimed of what is not understood."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.lipschitz import AOLLinear, MaxMin, SubtractMean, lipschitz_bound, operator_norm
from analysis.lipschitz.singular import convolution_bound, dense_bound

FrequencyNorm = Callable[[Tensor, tuple[int, int]], float]

KERNELS = [(1, 1, 3), (2, 3, 3), (3, 2, 1), (2, 2, 5)]
SIZES = [(1, 1), (2, 3), (5, 4), (8, 8)]


def padded_norm(kernel: Tensor, sides: tuple[int, int]) -> float:
    """Exact norm of the zero-padded convolution, from its matrix."""
    images = torch.eye(kernel.shape[1] * math.prod(sides), dtype=kernel.dtype).unflatten(1, (-1, *sides))
    matrix = F.conv2d(images, kernel, padding="same").flatten(1)
    return float(torch.linalg.matrix_norm(matrix, ord=2))


def scaled_linear(norm: float, size: int = 5) -> nn.Linear:
    """A dense layer of a known norm, far from diagonal."""
    layer = nn.Linear(size, size, dtype=torch.float64)
    left, right = (torch.linalg.qr(torch.randn(size, size, dtype=torch.float64))[0] for _ in range(2))
    layer.weight.data = left * torch.linspace(norm, 0.1, size).double() @ right
    return layer


@pytest.mark.parametrize("shape", KERNELS, ids=str)
@pytest.mark.parametrize("sides", SIZES, ids=str)
def test_a_convolution_bound_lies_between_the_norm_and_the_infinite_grid_s(
    shape: tuple[int, int, int], sides: tuple[int, int], norm_over_frequencies: FrequencyNorm
) -> None:
    """The second grid has three times the side: it holds every frequency of the first, so it is no smaller."""
    kernel = torch.randn(*shape, shape[2], dtype=torch.float64)
    bound = convolution_bound(kernel, sides)
    finer = (3 * (sides[0] + shape[2] - 1), 3 * (sides[1] + shape[2] - 1))
    assert padded_norm(kernel, sides) <= bound
    assert bound <= norm_over_frequencies(kernel, finer) + 1e-12


@pytest.mark.parametrize("side", [3, 4, 7, 8, 12])
def test_the_highest_frequency_is_bounded_on_grids_with_and_without_it(side: int) -> None:
    """A checkerboard of signs: norm 9 at the highest frequency, which a grid of odd side (side + 2) does not hold."""
    signs = (-1.0) ** torch.arange(3).double()
    kernel = torch.outer(signs, signs)[None, None]
    exact, bound = padded_norm(kernel, (side, side)), convolution_bound(kernel, (side, side))
    assert exact <= bound <= 9 + 1e-12
    assert side % 2 or bound == pytest.approx(9)


def test_the_bound_of_a_large_image_is_nearly_the_norm() -> None:
    kernel = torch.randn(2, 2, 3, 3, dtype=torch.float64)
    assert padded_norm(kernel, (16, 16)) >= 0.9 * convolution_bound(kernel, (16, 16))


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (40, 40), (200, 3)], ids=str)
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_a_dense_bound_is_the_norm_rounded_outwards(shape: tuple[int, int], scale: float) -> None:
    r"""A matrix :math:`s\, u v^\top / (|u| |v|)` has norm s, up to the rounding of its entries."""
    u, v = torch.randn(shape[0], dtype=torch.float64), torch.randn(shape[1], dtype=torch.float64)
    bound = dense_bound(scale * torch.outer(u / u.norm(), v / v.norm()))
    assert scale * (1 - 1e-15) <= bound <= scale * (1 + 1e-12)


@pytest.mark.parametrize("norm", [0.5, 3.0])
def test_a_layer_that_is_not_1_lipschitz_is_not_called_so(norm: float) -> None:
    layer = scaled_linear(norm)
    bound = lipschitz_bound(layer, (5,))
    assert norm * (1 - 1e-14) <= bound <= norm * (1 + 1e-12)
    assert operator_norm(layer, torch.zeros(5, dtype=torch.float64)) == pytest.approx(norm)


def test_bounds_multiply_through_nested_sequences() -> None:
    model = nn.Sequential(scaled_linear(3.0), nn.Sequential(nn.ReLU(), scaled_linear(2.0)), nn.Identity())
    assert lipschitz_bound(model, (5,)) == pytest.approx(6, rel=1e-12)


def test_a_bound_leaves_the_network_as_it_was() -> None:
    model = nn.Sequential(AOLLinear(4, 4), MaxMin()).train()
    x = torch.randn(3, 4)
    before = model(x)
    lipschitz_bound(model, (4,))
    assert model.training
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert torch.equal(model(x), before)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.ConvTranspose2d(2, 2, 3), (2, 3, 3)),
        (nn.Softmax(dim=1), (4,)),
        (nn.BatchNorm2d(2), (2, 3, 3)),
        (nn.LayerNorm(4), (4,)),
        (nn.LPPool2d(2, 2), (1, 4, 4)),
        (nn.Softplus(), (4,)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
@pytest.mark.parametrize("nested", [False, True], ids=["alone", "nested"])
def test_an_unknown_module_is_refused_by_name(module: nn.Module, shape: tuple[int, ...], nested: bool) -> None:
    model = nn.Sequential(nn.Identity(), nn.Sequential(module)) if nested else module
    with pytest.raises(ValueError, match=f"known for a module of type {type(module).__name__}"):
        lipschitz_bound(model, shape)


def test_a_network_that_is_not_finite_has_no_bound() -> None:
    layer = nn.Linear(3, 3)
    layer.weight.data[0, 0] = math.nan
    with pytest.raises(RuntimeError, match="non-finite"):
        lipschitz_bound(layer, (3,))


def test_a_bound_is_taken_where_the_network_lies() -> None:
    """A network of buffers alone, on a device that is not the CPU's."""
    model = nn.Sequential(SubtractMean(torch.zeros(2, device="meta")), MaxMin())
    assert lipschitz_bound(model, (2, 3, 3)) == pytest.approx(1)


def test_an_ordinary_padded_convolution_is_bounded_too() -> None:
    layer = nn.Conv2d(2, 3, 3, padding="same", dtype=torch.float64)
    norm = padded_norm(layer.weight.detach(), (5, 4))
    assert norm <= lipschitz_bound(layer, (2, 5, 4)) <= 1.5 * norm
