"""Spectra and products per frequency are circular convolutions, with their adjoints as gradients and within a bound."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from analysis.lipschitz.fourier import multiply, multiply_rounding, spectrum

SIDES = [(1, 1), (2, 2), (3, 4), (5, 3), (8, 8), (7, 6)]


def circular(x: Tensor, kernel: Tensor) -> Tensor:
    """The convolution from its definition: every tap times the image, rolled to it."""
    height, width = kernel.shape[2:]
    taps = [
        torch.einsum("oi,nihw->nohw", kernel[:, :, a, b], x.roll((height // 2 - a, width // 2 - b), dims=(2, 3)))
        for a in range(height)
        for b in range(width)
    ]
    return torch.stack(taps).sum(dim=0)


@given(
    st.integers(0, 2**32 - 1), st.sampled_from(SIDES), st.sampled_from([1, 3, 5]), st.integers(1, 3), st.integers(1, 3)
)
def test_a_product_per_frequency_is_the_convolution(
    seed: int, sides: tuple[int, int], size: int, inputs: int, outputs: int
) -> None:
    """Where the kernel is larger than the image it goes around it."""
    generator = torch.Generator().manual_seed(seed)
    kernel = torch.randn(outputs, inputs, size, size, generator=generator, dtype=torch.float64)
    x = torch.randn(2, inputs, *sides, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(multiply(x, spectrum(kernel, sides)), circular(x, kernel), rtol=1e-12, atol=1e-12)


def test_as_torch_pads_circularly() -> None:
    kernel, x = torch.randn(3, 2, 3, 3, dtype=torch.float64), torch.randn(2, 2, 5, 6, dtype=torch.float64)
    expected = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="circular"), kernel)
    torch.testing.assert_close(multiply(x, spectrum(kernel, (5, 6))), expected)


@pytest.mark.parametrize("sides", SIDES, ids=str)
def test_gradients_are_those_of_the_convolution(sides: tuple[int, int]) -> None:
    kernel = torch.randn(3, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    x = torch.randn(2, 2, *sides, dtype=torch.float64, requires_grad=True)
    direction = torch.randn(2, 3, *sides, dtype=torch.float64)
    expected = torch.autograd.grad((circular(x, kernel) * direction).sum(), (x, kernel))
    found = torch.autograd.grad((multiply(x, spectrum(kernel, sides)) * direction).sum(), (x, kernel))
    for gradient, other in zip(found, expected, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("sides", SIDES, ids=str)
@pytest.mark.parametrize("channels", [1, 40])
def test_float32_errs_by_less_than_the_bound(sides: tuple[int, int], channels: int) -> None:
    matrices = spectrum(torch.randn(channels, channels, 3, 3) / channels, sides)
    x = torch.randn(50, channels, *sides)
    error = (
        (multiply(x, matrices).double() - multiply(x.double(), matrices.to(torch.complex128))).flatten(1).norm(dim=1)
    )
    bound = multiply_rounding(matrices, sides) * x.double().flatten(1).norm(dim=1)
    assert (error <= bound).all()
    assert math.prod(sides) == 1 or (error > 0).any()
