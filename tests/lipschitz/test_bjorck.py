"""The Bjorck iteration: where it maps singular values, that no iterate exceeds norm 1, and its convolution's factor."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from analysis.lipschitz import BjorckConv2d, BjorckLinear, lipschitz_bound
from analysis.lipschitz.bjorck import ITERATIONS, orthogonalise, shrunk

FrequencyNorm = Callable[[Tensor, tuple[int, int]], float]

SEED = st.integers(0, 2**32 - 1)
SHAPES = [(5, 5), (4, 3), (6, 3), (3, 6), (1, 4), (9, 2)]


def by_formula(weight: Tensor, iterations: int) -> Tensor:
    r"""The iteration on the matrix itself, from :math:`W \min(1, \sqrt{2 / \|G\|_\infty})`, for autograd."""
    tall = weight if weight.shape[-2] >= weight.shape[-1] else weight.mT
    tall = tall * (2 / (tall.mT @ tall).abs().sum(dim=-1).amax(dim=-1).clamp_min(2)[..., None, None]).sqrt()
    for _ in range(iterations):
        tall = 1.5 * tall - 0.5 * tall @ tall.mT @ tall
    return tall if weight.shape[-2] >= weight.shape[-1] else tall.mT


def singular_values(weight: Tensor) -> Tensor:
    return torch.linalg.svdvals(weight.double())


@given(SEED, st.sampled_from(SHAPES), st.integers(1, 20), st.floats(-3, 3))
def test_no_iterate_has_a_norm_above_1(seed: int, shape: tuple[int, int], iterations: int, decade: float) -> None:
    """Converged or not, whatever the norm was. In exact arithmetic; float64 adds some eps."""
    weight = 10**decade * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    assert singular_values(orthogonalise(weight, iterations)).max() <= 1 + 1e-14


@pytest.mark.parametrize("shape", [*SHAPES, (2, 5, 3), (2, 3, 2, 6)], ids=str)
@pytest.mark.parametrize("iterations", [1, 2, 3, ITERATIONS])
@pytest.mark.parametrize("size", [0.1, 1.0, 30.0])
def test_the_iteration_is_that_of_the_formula(shape: tuple[int, ...], iterations: int, size: float) -> None:
    """On either side's Gram matrix, the values and the gradients are those of the plain iteration."""
    weight = (size * torch.randn(shape, dtype=torch.float64)).requires_grad_()
    torch.testing.assert_close(orthogonalise(weight, iterations), by_formula(weight, iterations), rtol=1e-9, atol=1e-9)
    form = torch.randn(shape, dtype=torch.float64)
    found, expected = (
        torch.autograd.grad((function(weight, iterations) * form).sum(), weight)[0]
        for function in (orthogonalise, by_formula)
    )
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("shape", [(3, 3), (6, 2), (2, 5)], ids=str)
@pytest.mark.parametrize("size", [0.5, 3.0])
def test_gradients_of_both_orders_are_right(shape: tuple[int, int], size: float) -> None:
    weight = (size * torch.randn(shape, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(lambda w: orthogonalise(w, 3), (weight,))
    assert torch.autograd.gradgradcheck(lambda w: orthogonalise(w, 3), (weight,))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_limit_is_the_polar_factor(shape: tuple[int, int]) -> None:
    """The nearest matrix with orthonormal rows or columns: U V^T of the singular value decomposition."""
    left, _, right = torch.linalg.svd(weight := torch.randn(shape, dtype=torch.float64), full_matrices=False)
    torch.testing.assert_close(orthogonalise(weight, 60), left @ right)


def test_singular_values_from_a_hundredth_on_arrive() -> None:
    """As the default number of iterations promises: 0.01 grows by 1.5 a step until it is near 1."""
    left, right = (torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64))[0] for _ in range(2))
    values = torch.tensor([0.01, 0.1, 0.5, 1.0, 1.4], dtype=torch.float64)
    assert singular_values(orthogonalise(left * values @ right)).min() >= 0.999


@pytest.mark.parametrize("shape", [(64, 64), (256, 256), (256, 64), (64, 576), (10, 3_072), (4_096, 16)], ids=str)
@pytest.mark.parametrize("start", ["random", "near orthogonal", "equal"])
def test_float32_keeps_the_norm(shape: tuple[int, int], start: str) -> None:
    """The factor that is taken off is more than rounding puts on, and less than 1e-5."""
    weight = torch.ones(shape) if start == "equal" else torch.randn(shape)
    if start == "near orthogonal":
        weight = nn.init.orthogonal_(torch.empty(shape)) + 1e-3 * weight
    largest = singular_values(shrunk(orthogonalise(weight), max(shape))).max()
    assert 1 - 1e-5 <= largest <= 1 + 1e-7


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e20, 1e30])
@pytest.mark.parametrize("shape", [(4, 4), (8, 3)], ids=str)
def test_absurd_scales_give_finite_values_and_gradients(scale: float, shape: tuple[int, int]) -> None:
    weight = (scale * torch.randn(shape)).requires_grad_()
    found = orthogonalise(weight)
    found.sum().backward()
    assert found.isfinite().all()
    assert weight.grad.isfinite().all()
    assert singular_values(found.detach()).max() <= 1 + 1e-6


def test_zero_stays_zero_with_a_finite_gradient() -> None:
    weight = torch.zeros(3, 3, requires_grad=True)
    orthogonalise(weight).sum().backward()
    assert (orthogonalise(weight) == 0).all()
    assert weight.grad.isfinite().all()


def test_training_and_evaluation_apply_the_same_matrix() -> None:
    layer, x = BjorckLinear(6, 6), torch.randn(3, 6)
    nn.init.normal_(layer.parameter)
    torch.testing.assert_close(layer(x), layer.eval()(x))  # of as many iterations; float32 beside float64


@given(SEED, st.sampled_from([(1, 1), (2, 3), (4, 2)]), st.sampled_from([1, 3, 5]))
def test_a_convolution_has_at_most_k_times_the_norm_of_its_reshaped_kernel(
    norm_over_frequencies: FrequencyNorm, seed: int, channels: tuple[int, int], size: int
) -> None:
    kernel = torch.randn(*channels, size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    reshaped = torch.linalg.matrix_norm(kernel.flatten(1), ord=2)
    assert norm_over_frequencies(kernel, (16, 16)) <= size * float(reshaped) * (1 + 1e-13)


@pytest.mark.parametrize("channels", [(4, 4), (4, 2), (2, 4)], ids=str)
@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_convolution_starts_with_the_norm_1_of_a_large_image(
    norm_over_frequencies: FrequencyNorm, channels: tuple[int, int], size: int
) -> None:
    """It is attained at frequency 0, where all taps add up. No row is missing: its gradient would be 1.5^15-fold."""
    layer = BjorckConv2d(*channels, size)
    assert norm_over_frequencies(layer.weight.detach(), (1, 1)) == pytest.approx(1, abs=1e-5)
    assert singular_values(layer.parameter.detach().flatten(1)).min() >= 0.9


@pytest.mark.parametrize("function", [lambda: orthogonalise(torch.ones(3)), lambda: orthogonalise(torch.eye(3), 0)])
def test_wrong_arguments_are_refused(function: Callable[[], Tensor]) -> None:
    with pytest.raises(ValueError, match=r"expected a matrix, got shape \(3,\)|iterations must be at least 1, got 0"):
        function()


@pytest.mark.parametrize("outputs", [64, 256])
def test_a_wide_convolution_keeps_the_bound_in_float32(outputs: int) -> None:
    layer = BjorckConv2d(64, outputs).eval()
    nn.init.normal_(layer.parameter, std=10)
    assert 0.3 <= lipschitz_bound(layer, (64, 8, 8)) <= 1 + 1e-7
