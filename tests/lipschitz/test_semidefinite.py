"""Norms proven by factorisation are those of singular values, rounded outwards."""

import pytest
import torch
from torch import Tensor

from analysis.lipschitz.semidefinite import largest_bound
from analysis.lipschitz.singular import dense_bound


def orthogonal(count: int, side: int, dtype: torch.dtype = torch.complex128) -> Tensor:
    return torch.linalg.qr(torch.randn(count, side, side, dtype=dtype))[0]


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 3, 5), (40, 8, 2), (3, 20, 20)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128], ids=str)
@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_the_bound_is_the_norm_rounded_outwards(shape: tuple[int, int, int], dtype: torch.dtype, chunk: int) -> None:
    matrices = torch.randn(shape, dtype=dtype)
    norm = float(torch.linalg.svdvals(matrices).max())
    assert norm <= largest_bound(matrices.split(chunk)) <= norm * (1 + 1e-12)


@pytest.mark.parametrize("noise", [0.0, 1e-15, 1e-12, 1e-7])
def test_matrices_that_are_all_nearly_orthogonal_are_told_apart(noise: float) -> None:
    """Here every norm is within the noise of the largest: the search must not go on for ever, nor stop short."""
    matrices = orthogonal(200, 16)
    matrices = matrices + noise * torch.randn_like(matrices)
    norm = float(torch.linalg.svdvals(matrices).max())
    assert norm * (1 - 1e-14) <= largest_bound([matrices]) <= norm * (1 + 1e-12)


@pytest.mark.parametrize("place", [0, 1, 15, 16, 199])
def test_the_one_large_matrix_of_many_is_found(place: int) -> None:
    matrices = orthogonal(200, 4)
    matrices[place] *= 3
    assert largest_bound(matrices.split(50)) == pytest.approx(3, rel=1e-12)


def test_matrices_of_zeros_are_small() -> None:
    assert largest_bound([torch.zeros(3, 2, 2).double()]) < 1e-14


@pytest.mark.slow
def test_a_large_matrix_is_bounded_by_its_norm() -> None:
    """From a side of 1,024 on dense layers take this way."""
    left, right = orthogonal(2, 1_100, torch.float64)
    weight = left * torch.linspace(3, 0.1, 1_100).double() @ right
    assert 3 * (1 - 1e-13) <= dense_bound(weight) <= 3 * (1 + 1e-8)
