"""Truncated exponentials of skew-symmetric maps: the bound on a fine grid, against exact matrices, and its limits."""

import copy
import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.lipschitz import operator_norm
from analysis.lipschitz.exponential import Exponential, series, series_bound
from analysis.lipschitz.power import adjoint, proven_norm
from analysis.lipschitz.soc import skew

SHAPE = (3, 5, 4)


def exponential(norm: float, terms: int = 4, *, inputs: int = 3, outputs: int = 3) -> Exponential:
    kernel = skew(torch.randn(3, 3, 3, 3, dtype=torch.float64))
    kernel = kernel * (norm / proven_norm(kernel, SHAPE))
    return Exponential(kernel, torch.randn(outputs, dtype=torch.float64), inputs, outputs, terms)


def matrix_of(kernel: Tensor, sides: tuple[int, int]) -> Tensor:
    """The zero-padded convolution as a matrix, images as columns."""
    images = torch.eye(kernel.shape[1] * math.prod(sides), dtype=kernel.dtype).unflatten(1, (-1, *sides))
    return F.conv2d(images, kernel, padding="same").flatten(1).mT


@pytest.mark.parametrize("terms", range(1, 14))
@pytest.mark.parametrize("norm", [0.0, 1e-6, 0.3, 1.0, 1.46, 2.1, 2.8, 4.0])
def test_the_bound_holds_on_a_fine_grid_and_is_close(terms: int, norm: float) -> None:
    """Within 3 % above the largest value."""
    angles = torch.linspace(0, norm, 10_001, dtype=torch.float64)
    largest = float(
        series(torch.ones_like(angles, dtype=torch.complex128), lambda z: 1j * angles * z, terms).abs().max()
    )
    assert largest <= series_bound(norm, terms) * (1 + 1e-14)
    assert series_bound(norm, terms) <= 1.03 * largest


@pytest.mark.parametrize(("terms", "end"), [(3, math.sqrt(3)), (4, 2 * math.sqrt(2)), (7, 1.7644), (8, 3.3951)])
def test_up_to_the_end_of_its_stability_interval_a_series_increases_no_distance(terms: int, end: float) -> None:
    """The intervals of Taylor methods; past the end the bound exceeds 1."""
    assert series_bound(0.97 * end, terms) == 1
    assert series_bound(1.01 * end, terms) > 1


def test_five_terms_expand_at_the_norm_of_the_authors_start() -> None:
    """As published, in training: five terms, at a norm of 1.46."""
    assert series_bound(1.46, 5) > 1.004


@pytest.mark.parametrize("terms", [3, 4, 5, 12])
@pytest.mark.parametrize("norm", [0.5, 1.0, 2.0, 3.5])
def test_the_bound_is_at_least_the_norm_of_the_exact_matrix(terms: int, norm: float) -> None:
    module = exponential(norm, terms)
    matrix = matrix_of(module.weight, SHAPE[1:])
    expected = series(torch.eye(len(matrix), dtype=torch.float64), lambda h: matrix @ h, terms)
    x = torch.randn(SHAPE, dtype=torch.float64)
    assert module.bias is not None
    torch.testing.assert_close(module(x[None])[0] - module.bias[:, None, None], (expected @ x.flatten()).view(SHAPE))
    found = float(torch.linalg.matrix_norm(expected, ord=2))
    assert operator_norm(module, x) == pytest.approx(found, rel=1e-12)
    assert found <= module.lipschitz(SHAPE) * (1 + 1e-14)


def test_twelve_terms_are_the_rotation() -> None:
    module = exponential(1.0, terms=12)
    matrix = matrix_of(module.weight, SHAPE[1:])
    x = torch.randn(2, *SHAPE, dtype=torch.float64)
    rotated = (x.flatten(1) @ torch.linalg.matrix_exp(matrix).mT).view_as(x)
    assert module.bias is not None
    torch.testing.assert_close(module(x), rotated + module.bias[:, None, None], atol=1e-9, rtol=0)


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_skew_part_is_exactly_so_as_a_zero_padded_matrix(size: int, dtype: torch.dtype) -> None:
    kernel = skew(torch.randn(4, 4, size, size, dtype=dtype)) * (1 / 3)
    matrix = matrix_of(kernel, (3, 4))
    assert torch.equal(matrix, -matrix.mT)
    assert torch.equal(matrix_of(adjoint(kernel), (3, 4)), matrix.mT)


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 3), (3, 1), (3, 3)])
def test_other_numbers_of_channels_are_zeros_and_cuts(inputs: int, outputs: int) -> None:
    module, x = exponential(1.0, inputs=inputs, outputs=outputs), torch.randn(2, inputs, 5, 4, dtype=torch.float64)
    square = Exponential(module.weight, None, 3, 3, 4)
    wide = torch.cat([x, x.new_zeros(2, 3 - inputs, 5, 4)], dim=1)
    assert module.bias is not None
    torch.testing.assert_close(module(x), square(wide)[:, :outputs] + module.bias[:, None, None])
    assert operator_norm(module, x[0]) <= 1
    with pytest.raises(ValueError, match=f"expected {inputs} channels, got 4"):
        module(torch.zeros(1, 4, 5, 4))


@pytest.mark.parametrize("norm", [0.5, 2.5])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_float32_errs_by_less_than_the_bound(norm: float, scale: float) -> None:
    module, x = exponential(norm).float(), scale * torch.randn(200, *SHAPE)
    distance = (module(x) - copy.deepcopy(module).double()(x.double())).flatten(1).norm(dim=1).max()
    length = float(x.double().flatten(1).norm(dim=1).max())
    bound = module.rounding(SHAPE, length)
    assert 0 < float(distance) <= bound <= 2e-4 * (length + module.offset(SHAPE))


def test_other_kernels_are_refused() -> None:
    with pytest.raises(ValueError, match="skew-symmetric"):
        Exponential(torch.randn(2, 2, 3, 3), None, 2, 2, 4)
