"""LOT: polar factors come from below, and the framed convolution is a compression of an orthogonal one."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from analysis.lipschitz import LOTConv2d, LOTLinear, lipschitz_bound, operator_norm
from analysis.lipschitz.polar import LOWEST, SCALES, polar, step_scales

KINDS = [torch.float64, torch.complex128]


def with_values(values: Tensor, rows: int, columns: int, dtype: torch.dtype, seed: int) -> tuple[Tensor, Tensor]:
    """A matrix of given singular values, and its polar factor."""
    generator = torch.Generator().manual_seed(seed)
    left, right = (
        torch.linalg.qr(torch.randn(side, len(values), generator=generator, dtype=dtype))[0] for side in (rows, columns)
    )
    return left @ values.to(dtype).diag() @ right.mH, left @ right.mH


@pytest.mark.parametrize("dtype", KINDS, ids=str)
@pytest.mark.parametrize("shape", [(6, 6), (9, 6), (6, 11)], ids=str)
def test_it_is_the_polar_factor_of_what_is_not_nearly_singular(dtype: torch.dtype, shape: tuple[int, int]) -> None:
    """To 1e-7, as said, for singular values down to 1/80 of the bound of the norm; entries differ by no more."""
    values = torch.logspace(-1.5, 0, 6, dtype=torch.float64)
    matrix, expected = with_values(values, *shape, dtype, seed=0)
    torch.testing.assert_close(polar(3e4 * matrix), expected, rtol=0, atol=2e-7)


@given(st.integers(0, 2**32 - 1), st.floats(-12, 0), st.sampled_from(KINDS), st.sampled_from([(4, 4), (5, 3), (2, 6)]))
def test_the_norm_never_exceeds_one_converged_or_not(
    seed: int, lowest: float, dtype: torch.dtype, shape: tuple[int, int]
) -> None:
    values = torch.logspace(lowest, 0, min(shape), dtype=torch.float64)
    matrix, _ = with_values(values, *shape, dtype, seed)
    assert float(torch.linalg.matrix_norm(polar(matrix), ord=2)) <= 1 + 1e-14


@pytest.mark.parametrize("scale", [0.0, 1e-200, 1e200])
def test_matrices_of_any_size_have_finite_factors(scale: float) -> None:
    assert polar(scale * torch.randn(4, 3, dtype=torch.float64)).isfinite().all()


@pytest.mark.parametrize("dtype", KINDS, ids=str)
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (2, 4)], ids=str)
def test_the_gradient_is_right(dtype: torch.dtype, shape: tuple[int, int]) -> None:
    """Of well-conditioned matrices, whose factor does not depend on the bound that is taken as constant."""
    matrix, _ = with_values(torch.linspace(0.6, 1, min(shape), dtype=torch.float64), *shape, dtype, seed=1)
    assert torch.autograd.gradcheck(polar, (matrix.requires_grad_(),), eps=1e-5, atol=1e-4)


def test_the_steps_send_everything_from_the_lowest_on_to_one() -> None:
    values = torch.linspace(LOWEST, 1, 10_000, dtype=torch.float64)
    for scale in SCALES:
        values = scale * values * (3 - (scale * values) ** 2) / 2
        assert values.max() <= 1 + 1e-15
    assert values.min() >= 1 - 1e-7
    assert step_scales(1.0, 3, 1.6) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("channels", [(4, 4), (2, 5), (5, 2)], ids=str)
def test_a_convolution_loses_only_what_leaves_the_image(channels: tuple[int, int]) -> None:
    """An image with a frame of zeros of the kernel's whole reach keeps its norm where no channel is dropped."""
    layer = LOTConv2d(*channels).double().eval()
    nn.init.normal_(layer.parameter)
    bound = lipschitz_bound(layer, (channels[0], 5, 4))
    x = torch.randn(3, channels[0], 5, 4, dtype=torch.float64)
    assert operator_norm(layer, x[0]) <= bound <= 1 + 1e-12
    assert (layer(x).flatten(1).norm(dim=1) <= x.flatten(1).norm(dim=1)).all()


def test_training_and_evaluation_apply_the_same_map() -> None:
    for layer, shape in ((LOTLinear(6, 6), (6,)), (LOTConv2d(3, 3), (3, 5, 5))):
        nn.init.normal_(layer.parameter)
        x = torch.randn(4, *shape)
        torch.testing.assert_close(layer(x), copy.deepcopy(layer).eval()(x), rtol=1e-4, atol=1e-5)
