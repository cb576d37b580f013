"""The AOL rescaling: its theorem, its gradient, and the starts on which it is tight."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from analysis.lipschitz import AOLConv2d, AOLLinear, fold, lipschitz_bound, operator_norm, rounding_bound
from analysis.lipschitz.aol import rescale_channels, rescale_columns, rescale_rows
from analysis.lipschitz.starts import orthogonal_start

Push = Callable[[nn.Module, Tensor], None]
FrequencyNorm = Callable[[Tensor, tuple[int, int]], float]

SEED = st.integers(0, 2**32 - 1)
SHAPES = [(5, 5), (6, 3), (3, 6), (1, 4), (4, 1)]


def by_formula(weight: Tensor) -> Tensor:
    r"""W diag(d) with :math:`d_j = (\sum_i |W^\top W|_{ij})^{-1/2}`, for autograd to differentiate."""
    return weight * (weight.mT @ weight).abs().sum(dim=-2, keepdim=True).rsqrt()


def by_correlation(kernel: Tensor) -> Tensor:
    """The convolutional rule, offset by offset, from the overlapping taps alone."""
    size = kernel.shape[2]
    bound = kernel.new_zeros(kernel.shape[1])
    for down, right in product(range(1 - size, size), repeat=2):
        rows, columns = (slice(max(0, d), size + min(0, d)) for d in (down, right))
        moved_rows, moved_columns = (slice(max(0, -d), size + min(0, -d)) for d in (down, right))
        first, second = kernel[:, :, rows, columns], kernel[:, :, moved_rows, moved_columns]
        bound += torch.einsum("ocxy,oaxy->ca", first, second).abs().sum(dim=1)
    return kernel * bound.rsqrt()[None, :, None, None]


def gradient(function: Callable[[Tensor], Tensor], weight: Tensor) -> Tensor:
    """Gradient of a random linear form of the rescaled weight."""
    weight = weight.detach().clone().requires_grad_()
    form = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1), dtype=weight.dtype)
    (function(weight) * form).sum().backward()
    assert weight.grad is not None
    return weight.grad


def uneven(seed: int, rows: int, columns: int, decades: int) -> Tensor:
    """A matrix whose columns differ by orders of magnitude."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
    return weight * 10 ** (decades * torch.rand(columns, generator=generator, dtype=torch.float64))


@given(SEED, st.integers(1, 8), st.integers(1, 8), st.integers(0, 6))
def test_the_rescaled_matrix_has_a_norm_of_at_most_1(seed: int, rows: int, columns: int, decades: int) -> None:
    """Theorem 1, up to some eps of float64; of rows, that of the transpose."""
    weight = uneven(seed, rows, columns, decades)
    for rescaled in (rescale_columns(weight), rescale_rows(weight), rescale_rows(weight.mT)):
        assert torch.linalg.matrix_norm(rescaled, ord=2) <= 1 + 1e-13


def test_rows_are_rescaled_as_columns_of_the_transpose() -> None:
    weight = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(rescale_rows(weight), by_formula(weight.mT).mT)
    assert torch.autograd.gradcheck(rescale_rows, (weight,))
    ratio = rescale_rows(weight) / weight
    torch.testing.assert_close(ratio, ratio[..., :1].expand_as(ratio))
    assert torch.equal(rescale_rows(torch.tensor([[3.0, 4.0], [0.0, 0.0]])), torch.tensor([[0.6, 0.8], [0.0, 0.0]]))


def test_a_wide_layer_keeps_more_of_its_norm_by_rows() -> None:
    """32 rows can be nearly orthogonal in 4,096 dimensions; 4,096 columns in 32 are not, and are divided for it."""
    weight = torch.randn(32, 4_096, dtype=torch.float64)
    by_rows, by_columns = (rescale(weight).norm() for rescale in (rescale_rows, rescale_columns))
    assert by_rows > 1.5 * by_columns


def test_a_layer_by_rows_is_1_lipschitz_wherever_training_takes_it(push: Push) -> None:
    """Proven of the float32 weights that are applied: rounding moves the norm by 1e-6 at most."""
    layer = AOLLinear(300, 6, by_rows=True)
    torch.testing.assert_close(layer.weight, layer.parameter, atol=1e-5, rtol=1e-5)  # the start is orthonormal
    start = layer.parameter.detach().clone()
    push(layer, torch.randn(8, 300))
    assert (layer.parameter - start).abs().max() > 1e-3
    assert (layer.weight @ layer.weight.mT - torch.eye(6)).abs().max() > 1e-3
    assert lipschitz_bound(layer, (300,)) <= 1 + 1e-6
    assert lipschitz_bound(layer.double(), (300,)) <= 1 + 1e-12
    assert operator_norm(layer, torch.zeros(300).double()) <= lipschitz_bound(layer, (300,))
    assert 0 < rounding_bound(fold(layer, (300,)), (300,), 1.0) < 1e-10
    assert torch.equal(fold(layer, (300,)).weight, layer.weight)


@given(SEED, st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 2, 3]))
def test_the_rescaled_kernel_has_a_norm_of_at_most_1_on_the_infinite_grid(
    norm_over_frequencies: FrequencyNorm, seed: int, outputs: int, inputs: int, size: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    kernel = torch.randn(outputs, inputs, size, size, generator=generator, dtype=torch.float64)
    assert norm_over_frequencies(rescale_channels(kernel), (16, 16)) <= 1 + 1e-13


def test_the_bound_is_tight_where_all_products_have_one_sign(norm_over_frequencies: FrequencyNorm) -> None:
    """A matrix of ones has the norm n, and the rule divides by exactly that; a kernel of ones at frequency 0."""
    assert torch.linalg.matrix_norm(rescale_columns(torch.ones(4, 4).double()), ord=2) == pytest.approx(1)
    kernel = rescale_channels(torch.ones(2, 2, 3, 3).double())
    assert norm_over_frequencies(kernel, (1, 1)) == pytest.approx(1)


@pytest.mark.parametrize("shape", [*SHAPES, (2, 4, 3), (2, 3, 3, 5)], ids=str)
def test_the_gradient_is_that_of_the_formula(shape: tuple[int, ...]) -> None:
    weight = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(rescale_columns, (weight,))
    torch.testing.assert_close(rescale_columns(weight), by_formula(weight))
    torch.testing.assert_close(gradient(rescale_columns, weight), gradient(by_formula, weight))


def test_the_gradient_in_float32_is_that_of_float64() -> None:
    """1e-4 of the largest entry: sums of 64 terms with an error of 6e-8 each, twice."""
    weight = torch.randn(64, 64)
    expected = gradient(by_formula, weight)
    found = gradient(rescale_columns, weight)
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize("shape", [(3, 2, 3, 3), (2, 3, 2, 2), (2, 2, 1, 1)], ids=str)
def test_the_convolutional_rule_is_the_sum_over_all_offsets(shape: tuple[int, ...]) -> None:
    kernel = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(rescale_channels(kernel), by_correlation(kernel))
    assert torch.autograd.gradcheck(rescale_channels, (kernel,))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_kernel_of_one_tap_is_a_matrix(shape: tuple[int, int]) -> None:
    weight = torch.randn(shape, dtype=torch.float64)
    kernel = weight[:, :, None, None]
    torch.testing.assert_close(rescale_channels(kernel)[:, :, 0, 0], rescale_columns(weight))


@pytest.mark.parametrize("scale", [1e-6, 0.5, 7.0, 1e6])
def test_only_the_direction_of_the_parameter_counts(scale: float) -> None:
    weight, kernel = torch.randn(4, 6).double(), torch.randn(4, 6, 3, 3).double()
    torch.testing.assert_close(rescale_columns(scale * weight), rescale_columns(weight))
    torch.testing.assert_close(rescale_channels(scale * kernel), rescale_channels(kernel))


def test_every_matrix_of_a_batch_is_rescaled_alone() -> None:
    weights = torch.randn(3, 2, 5, 4)
    found = rescale_columns(weights)
    for index in product(range(3), range(2)):
        torch.testing.assert_close(found[index], rescale_columns(weights[index]))


@pytest.mark.parametrize("rescale", [rescale_columns, rescale_channels], ids=["dense", "convolution"])
def test_columns_of_zeros_stay_zero_and_have_a_finite_gradient(rescale: Callable[[Tensor], Tensor]) -> None:
    weight = torch.randn(3, 4) if rescale is rescale_columns else torch.randn(3, 4, 3, 3)
    weight[:, 1] = 0
    found = rescale(weight)
    assert (found[:, 1] == 0).all()
    assert found.isfinite().all()
    assert gradient(rescale, weight).isfinite().all()


def test_rounding_noise_does_not_steer_the_gradient_of_an_orthogonal_matrix() -> None:
    """The gradient is the one of columns that are exactly orthogonal: that of dividing each by its own norm.

    The tolerance is that noise: 31 products of up to 1e-7 in each sum. As a control, autograd of the formula takes
    its signs, and is far off.
    """
    weight = torch.linalg.qr(torch.randn(32, 32))[0] * torch.linspace(1, 2, 32)
    expected = gradient(lambda w: w / w.norm(dim=0), weight)
    scale = expected.abs().max()
    assert (gradient(rescale_columns, weight) - expected).abs().max() <= 2e-5 * scale
    assert (gradient(by_formula, weight) - expected).abs().max() >= 0.1 * scale


@pytest.mark.parametrize("shape", [*SHAPES, (64, 64), (64, 10), (10, 64), (7, 45)], ids=str)
def test_the_start_has_norm_1_and_is_left_as_it_is(shape: tuple[int, int]) -> None:
    """Up to float32 rounding of the orthogonal columns, whose products are noise of order 1e-7 each."""
    start = orthogonal_start(*shape)
    assert torch.linalg.matrix_norm(start.double(), ord=2) == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(rescale_columns(start), start, atol=1e-5, rtol=1e-5)
    assert start.shape == shape


def test_a_wide_start_shares_its_rows_evenly() -> None:
    counts = (orthogonal_start(7, 45) != 0).sum(dim=1)
    assert counts.sum() == 45
    assert counts.max() - counts.min() <= 1


def test_a_convolution_starts_as_its_central_tap() -> None:
    x = torch.randn(2, 6, 5, 5)
    torch.testing.assert_close(AOLConv2d(6, 6, 3)(x), x)
    assert (AOLConv2d(6, 4, 3).weight != 0).sum() == 6


def test_a_bias_is_a_shift() -> None:
    dense, convolution = AOLLinear(4, 3, bias=True), AOLConv2d(4, 3, 3, bias=True)
    for layer, shape in ((dense, (1, 4)), (convolution, (1, 4, 5, 5))):
        layer.bias.data = torch.tensor([1.0, -2.0, 3.0])
        found = layer(torch.zeros(shape))
        assert torch.equal(found.flatten(2).amax(dim=-1)[0] if found.ndim == 4 else found[0], layer.bias)


@pytest.mark.parametrize("size", [0, 2, -1])
def test_a_kernel_without_a_centre_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"odd and positive, got {size}"):
        AOLConv2d(2, 2, size)


def test_other_numbers_of_axes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a matrix, got shape \(3,\)"):
        rescale_columns(torch.ones(3))
    with pytest.raises(ValueError, match=r"kernel of shape \(out, in, k, k\), got \(3, 3\)"):
        rescale_channels(torch.ones(3, 3))


def test_a_large_kernel_keeps_the_bound_in_float32(norm_over_frequencies: FrequencyNorm) -> None:
    """Float32 rounding of 64 x 9 products moves the norm by at most 1e-6."""
    kernel = rescale_channels(torch.randn(64, 8, 3, 3))
    assert norm_over_frequencies(kernel, (8, 8)) <= 1 + 1e-6
